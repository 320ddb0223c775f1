"""The metrics of ``results/metrics.csv`` and the sets of images that they are measured on, in words."""

from dataclasses import dataclass

from hyperforget.forget_set import FORGOTTEN_ACCURACY
from hyperforget.metrics.registry import USABLE_RETAIN_MARGIN


@dataclass(frozen=True)
class Explanation:
    """How to read a metric: its title and unit, the value of perfect forgetting, and what it means."""

    title: str
    unit: str
    ideal: str
    description: str


SETS = {
    "retain": "test images of the retained classes",
    "forget": "test images of the forgotten classes",
    "test": "all test images",
    "retain-train": "training images of the retained classes",
    "forget-train": "training images of the forgotten classes",
    "choice": "images that networks are chosen on: validation, or test under `protocol: thesis`",
}

_NOISE_FLOOR = "that of two retrained networks, which differ by their seeds alone"

METRICS = {
    "accuracy": Explanation(
        title="Accuracy",
        unit="share of images",
        ideal="that of the retrained network: high on retained classes, 0 on forgotten ones",
        description=(
            "Share of images classified correctly (thesis, section 3.2). 0 on forgotten classes says little alone: "
            "lowering the output biases of those classes reaches it and forgets nothing. On all test images even "
            "perfect forgetting cannot exceed the share of images of retained classes."
        ),
    ),
    "overlap": Explanation(
        title="Overlap",
        unit="share of images",
        ideal=_NOISE_FLOOR,
        description=(
            "Share of images for which the network and the retrained one predict the same class, right or wrong "
            "(thesis, section 3.2). On forgotten classes even two retrained networks disagree, since nothing taught "
            "them an answer, so 1 is out of reach there."
        ),
    ),
    "activation_distance": Explanation(
        title="Activation distance",
        unit="Euclidean distance, 0 to √2",
        ideal=_NOISE_FLOOR,
        description=(
            "Euclidean distance between the class probabilities of the network and of the retrained one, averaged over "
            "images (thesis, equation 3.1). It compares outputs, although the thesis speaks of parameter space."
        ),
    ),
    "phi": Explanation(
        title="Unlearning score φ",
        unit="1 minus nats per class, at most 1",
        ideal=_NOISE_FLOOR,
        description=(
            "The score of the thesis' tables, as the code behind them computes it: 1 minus the arithmetic-geometric "
            "divergence over the number of classes. Thesis, equation 3.3, calls it 1 - JSD, which it is not: it has no "
            "lower bound, is minus infinity once a probability underflows to 0, and does not compare between tasks "
            "with different numbers of classes."
        ),
    ),
    "jsd": Explanation(
        title="Jensen-Shannon divergence",
        unit="bits, 0 to 1",
        ideal=_NOISE_FLOOR,
        description=(
            "Jensen-Shannon divergence between the class probabilities of the network and of the retrained one, "
            "averaged over images (thesis, equation 3.2): the divergence that φ is meant, and fails, to subtract."
        ),
    ),
    "mia": Explanation(
        title="Membership inference (MIA)",
        unit="share of images",
        ideal="that of the retrained network, not 0: far above betrays members, far below the forgetting",
        description=(
            "Share of forgotten training images that an attack takes for training images: a logistic regression on the "
            "entropy of predictions, fitted to tell retained training images from all test images (thesis, figure 3.3; "
            "Foster et al., 2024). The test images include forgotten classes, so the attack partly tells classes apart "
            "rather than members from non-members: read it beside its control."
        ),
    ),
    "mia_test": Explanation(
        title="Membership inference, control",
        unit="share of images",
        ideal="that of the retrained network, and equal to the MIA score of the same network",
        description=(
            "The same attack scored on test images of the forgotten classes, which no network was trained on. Only the "
            "gap between the MIA score and this control is evidence that a network remembers training images."
        ),
    ),
    "shift": Explanation(
        title="Recovered by a shift",
        unit="share of images",
        ideal="that of the retrained network, which has nothing to recover",
        description=(
            "Accuracy on forgotten classes once their output biases, and nothing else, are raised to where "
            "accuracy over all classes, each counting alike, is best on training images. A network that only "
            "stopped answering a class gives it back at once: it hides the class instead of having forgotten it."
        ),
    ),
    "auc": Explanation(
        title="Separation (AUC)",
        unit="area under the ROC curve",
        ideal="that of the retrained network: above it betrays knowledge, far below it the forgetting",
        description=(
            "Chance that an image of a forgotten class has a larger logit of that class, less the best logit of "
            "a retained class, than an image of any other (Mann and Whitney, 1947), mean over forgotten "
            "classes. Biases of the forgotten outputs do not change it."
        ),
    ),
    "probe": Explanation(
        title="Linear probe",
        unit="share of images",
        ideal="that of the retrained network: features learned for other classes tell some of it as well",
        description=(
            "Accuracy on forgotten classes of a logistic regression that reads the hidden units and is fitted on "
            "training images of all classes (Alain and Bengio, 2017)."
        ),
    ),
    "relearn_10": Explanation(
        title="Relearned in 10 steps",
        unit="share of images",
        ideal="that of the retrained network, which learns the class for the first time",
        description=(
            "Accuracy on forgotten classes after ten steps of gradient descent, learning rate 0.1, on five "
            "training images of every class."
        ),
    ),
    "relearn_50": Explanation(
        title="Relearned in 50 steps",
        unit="share of images",
        ideal="that of the retrained network; an untrained one gets far as well, so read the ten steps first",
        description="As above after fifty steps.",
    ),
    "usable_share": Explanation(
        title="Usable share",
        unit="share of networks",
        ideal="1, where any network will do and nothing need be chosen",
        description=(
            "Share of the method's networks at the prompt of the chosen one (of all, where there are no prompts) that "
            f"forget and retain: accuracy of at most {FORGOTTEN_ACCURACY} on the forgotten classes, and on the "
            f"retained ones of at least the retrained networks' median less {USABLE_RETAIN_MARGIN}. The chosen network "
            "is the best of many; this says how many of its kind are of use. A method that edits trained networks "
            "makes one a round from each of them."
        ),
    ),
}
