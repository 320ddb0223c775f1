"""The metrics of ``results/metrics.csv`` and the sets of images that they are measured on, in words."""

from dataclasses import dataclass
from typing import Literal

from hyperforget.config.report_specs import MetricWords
from hyperforget.forget_set import FORGOTTEN_ACCURACY
from hyperforget.metrics.registry import USABLE_RETAIN_MARGIN

# What a metric is about, by which audits group criteria; whatever is of retained classes is about what is kept.
Kind = Literal["kept", "answers", "knowledge", "relearning", "attacks", "likeness"]


@dataclass(frozen=True)
class Explanation:
    """How to read a metric: its title, unit and range, the value of perfect forgetting, what it means, how it is
    computed, where it is from, and what kind it is of.
    """

    title: str
    unit: str
    range: str
    ideal: str
    description: str
    formula: str
    source: str
    kind: Kind = "answers"


KINDS: dict[Kind, str] = {
    "kept": "What is kept",
    "answers": "What is answered",
    "knowledge": "What is still known",
    "relearning": "How fast it is relearned",
    "attacks": "What attackers see",
    "likeness": "Likeness to retrained networks",
}

SETS = {
    "retain": "test images of the retained classes",
    "forget": "test images of the forgotten classes",
    "test": "all test images",
    "retain-train": "training images of the retained classes",
    "forget-train": "training images of the forgotten classes",
    "train": "all training images",
    "layer-1": "test images of the forgotten classes, by the first hidden layer",
    "layer-2": "test images of the forgotten classes, by the second hidden layer",
    "layer-3": "test images of the forgotten classes, by the third hidden layer",
    "layer-4": "test images of the forgotten classes, by the fourth hidden layer",
    "parameters": "no images: the parameters of networks",
    "choice": "images that networks are chosen on: validation, or test where the protocol is that of the thesis",
}

# Where good values of a metric lie.
GOOD = {"higher": "higher is better", "lower": "lower is better", "retrained": "like the retrained network"}

# In formulas p and q are the class probabilities of a network and of a retrained one, and averages are over images.
_SHARE = "0 to 1"
_HERE = "this project"
_NOISE_FLOOR = "that of two retrained networks, which differ by their seeds alone"

METRICS = {
    "accuracy": Explanation(
        title="Accuracy",
        unit="share of images",
        range=_SHARE,
        ideal="that of the retrained network: high on retained classes, 0 on forgotten ones",
        description=(
            "Share of images classified correctly. 0 on forgotten classes says little alone: "
            "lowering the output biases of those classes reaches it and forgets nothing. On all test images even "
            "perfect forgetting cannot exceed the share of images of retained classes."
        ),
        formula="images whose class has the highest probability / images",
        source="thesis, section 3.2",
    ),
    "overlap": Explanation(
        title="Overlap",
        unit="share of images",
        range=_SHARE,
        ideal=_NOISE_FLOOR,
        description=(
            "Share of images for which the network and the retrained one predict the same class, right or wrong. "
            "On forgotten classes even two retrained networks disagree, since nothing taught "
            "them an answer, so 1 is out of reach there."
        ),
        formula="mean of [argmax p = argmax q]",
        source="thesis, section 3.2",
    ),
    "activation_distance": Explanation(
        title="Activation distance",
        unit="Euclidean distance",
        range="0 to √2",
        ideal=_NOISE_FLOOR,
        description=(
            "Euclidean distance between the class probabilities of the network and of the retrained one, averaged over "
            "images. It compares outputs, although the thesis speaks of parameter space."
        ),
        formula="mean of ‖p − q‖₂",
        source="thesis, equation 3.1",
    ),
    "phi": Explanation(
        title="Unlearning score φ",
        unit="1 minus nats per class",
        range="−∞ to 1",
        ideal=_NOISE_FLOOR,
        description=(
            "The score of the thesis' tables, as the code behind them computes it: 1 minus the arithmetic-geometric "
            "divergence over the number of classes. Thesis, equation 3.3, calls it 1 - JSD, which it is not: it has no "
            "lower bound, is minus infinity once a probability underflows to 0, and does not compare between tasks "
            "with different numbers of classes."
        ),
        formula="1 − mean of (KL(m‖p) + KL(m‖q)) / (2 · classes), m = (p + q) / 2, in nats",
        source="thesis, equation 3.3, as the code of Chundawat et al. (2023) and of Foster et al. (2024) has it",
    ),
    "jsd": Explanation(
        title="Jensen-Shannon divergence",
        unit="bits",
        range=_SHARE,
        ideal=_NOISE_FLOOR,
        description=(
            "Jensen-Shannon divergence between the class probabilities of the network and of the retrained one, "
            "averaged over images: the divergence that φ is meant, and fails, to subtract."
        ),
        formula="mean of (KL(p‖m) + KL(q‖m)) / 2, m = (p + q) / 2, in bits",
        source="thesis, equation 3.2",
    ),
    "mia": Explanation(
        title="Membership inference (MIA)",
        unit="share of images",
        range=_SHARE,
        ideal="that of the retrained network, not 0: far above betrays members, far below the forgetting",
        description=(
            "Share of forgotten training images that an attack takes for training images: a logistic regression on the "
            "entropy of predictions, fitted to tell retained training images from all test images. "
            "The test images include forgotten classes, so the attack partly tells classes apart "
            "rather than members from non-members: read it beside its control."
        ),
        formula="share of forgotten training images that a logistic regression on H(p) = −Σ p ln p takes for members",
        source="thesis, figure 3.3; Foster et al. (2024)",
        kind="attacks",
    ),
    "mia_test": Explanation(
        title="Membership inference, control",
        unit="share of images",
        range=_SHARE,
        ideal="that of the retrained network, and equal to the MIA score of the same network",
        description=(
            "The same attack scored on test images of the forgotten classes, which no network was trained on. Only the "
            "gap between the MIA score and this control is evidence that a network remembers training images."
        ),
        formula="as the MIA score, on test images of the forgotten classes",
        source=_HERE,
        kind="attacks",
    ),
    "shift": Explanation(
        title="Recovered by a shift",
        unit="share of images",
        range=_SHARE,
        ideal="that of the retrained network, which has nothing to recover",
        description=(
            "Accuracy on forgotten classes once their output biases, and nothing else, are raised to where "
            "accuracy over all classes, each counting alike, is best on training images. A network that only "
            "stopped answering a class gives it back at once: it hides the class instead of having forgotten it."
        ),
        formula="accuracy of logits + b, b the best biases of forgotten outputs on training images",
        source=_HERE,
        kind="knowledge",
    ),
    "auc": Explanation(
        title="Separation (AUC)",
        unit="area under the ROC curve",
        range=_SHARE,
        ideal="that of the retrained network: above it betrays knowledge, far below it the forgetting",
        description=(
            "Chance that an image of a forgotten class has a larger logit of that class, less the best logit of "
            "a retained class, than an image of any other, mean over forgotten "
            "classes. Biases of the forgotten outputs do not change it."
        ),
        formula="P(s of an image of c > s of another image), s = z_c − max of retained z, mean over forgotten c",
        source="Mann and Whitney (1947)",
        kind="knowledge",
    ),
    "probe": Explanation(
        title="Linear probe",
        unit="share of images",
        range=_SHARE,
        ideal="that of the retrained network: features learned for other classes tell some of it as well",
        description=(
            "Accuracy on forgotten classes of a logistic regression that reads the hidden units and is fitted on "
            "training images of all classes."
        ),
        formula="accuracy of a logistic regression on standardised hidden units, L2 strength C = 1",
        source="Alain and Bengio (2017)",
        kind="knowledge",
    ),
    "relearn_10": Explanation(
        title="Relearned in 10 steps",
        unit="share of images",
        range=_SHARE,
        ideal="that of the retrained network, which learns the class for the first time",
        description=(
            "Accuracy on forgotten classes after ten steps of gradient descent, learning rate 0.1, on five "
            "training images of every class."
        ),
        formula="accuracy after 10 steps θ ← θ − 0.1 ∇ cross-entropy, on five images of every class",
        source=_HERE,
        kind="relearning",
    ),
    "relearn_50": Explanation(
        title="Relearned in 50 steps",
        unit="share of images",
        range=_SHARE,
        ideal="that of the retrained network; an untrained one gets far as well, so read the ten steps first",
        description="As above after fifty steps.",
        formula="accuracy after 50 steps θ ← θ − 0.1 ∇ cross-entropy, on five images of every class",
        source=_HERE,
        kind="relearning",
    ),
    "usable_share": Explanation(
        title="Usable share",
        unit="share of networks",
        range=_SHARE,
        ideal="1, where any network will do and nothing need be chosen",
        description=(
            "Share of the method's networks at the prompt of the chosen one (of all, where there are no prompts) that "
            f"forget and retain: accuracy of at most {FORGOTTEN_ACCURACY} on the forgotten classes, and on the "
            f"retained ones of at least the retrained networks' median less {USABLE_RETAIN_MARGIN}. The chosen network "
            "is the best of many; this says how many of its kind are of use. A method that edits trained networks "
            "makes one a round from each of them."
        ),
        formula="networks that forget and retain / networks",
        source=_HERE,
    ),
}


def of_own(metric: MetricWords) -> Explanation:
    """A metric of the user's own, in the author's words."""
    return Explanation(
        title=metric.title,
        unit=metric.unit,
        range="any number",
        ideal=f"as the author says, {GOOD[metric.better]}",
        description=metric.description or "A metric of the user's own.",
        formula="a function of the user's own",
        source=metric.source or "an installed package",
    )
