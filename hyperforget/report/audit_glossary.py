"""Further metrics in words: those that `audit` of the configuration names."""

from hyperforget.report.glossary import Explanation

_SHARE = "0 to 1"
_AS_RETRAINED = "that of retrained networks"
_FLOOR = "that of two halves of the retrained networks, which differ by their seeds alone, mean over five divisions"

AUDIT_WORDS = {
    "zrf": Explanation(
        title="Zero-retrain forgetting (ZRF)",
        unit="1 minus bits",
        range=_SHARE,
        ideal=f"{_AS_RETRAINED}, not 1: they answer forgotten images as what these are like, and not at random",
        description=(
            "How much forgotten images are answered as by networks that learned nothing: 1 minus the Jensen-Shannon "
            "divergence, averaged over images and over ten random networks. The released code has another "
            "divergence, without a bound, and a single random network."
        ),
        formula="1 − mean of (KL(p‖m) + KL(r‖m)) / 2, m = (p + r) / 2, in bits, r of random networks",
        source="Chundawat et al. (2023), “Can Bad Teaching Induce Forgetting?”",
    ),
    "tow": Explanation(
        title="Tug-of-War (ToW)",
        unit="1",
        range=_SHARE,
        ideal=f"{_AS_RETRAINED}, each against all others, close to 1",
        description=(
            "Whether accuracies are those of retrained networks, all at once: on forgotten and on retained training "
            "images, and on test images. Median over retrained networks. It sees answers alone, so that hiding a "
            "class passes for forgetting it."
        ),
        formula="product over the three sets of 1 − |accuracy − accuracy of a retrained network|",
        source="Zhao et al. (2024), “What makes unlearning hard and what to do about it”",
    ),
    "mia_matched": Explanation(
        title="Membership inference within classes",
        unit="share of images",
        range=_SHARE,
        ideal=f"{_AS_RETRAINED}, about 0.5, which is guessing",
        description=(
            "Accuracy of a logistic regression on the cross-entropy that tells forgotten training images from "
            "forgotten test images, as many of each, on images kept out. Where training and test images are answered "
            "alike, as on MNIST, it is about 0.5 for the original too."
        ),
        formula="mean accuracy over five stratified splits, a fifth of the images kept out of each",
        source="Kurmanji et al. (2023), “Towards Unbounded Machine Unlearning”",
    ),
    "cka": Explanation(
        title="Likeness of hidden units (CKA)",
        unit="1",
        range=_SHARE,
        ideal=f"{_AS_RETRAINED}, each against all others",
        description=(
            "Linear centred kernel alignment between the last hidden units of the network and of a retrained one, "
            "median over retrained networks. It does not depend on the order of units, nor on rotation and scale."
        ),
        formula="‖Xᵀ Y‖² / (‖Xᵀ X‖ ‖Yᵀ Y‖) of centred units X and Y",
        source="Kornblith et al. (2019), “Similarity of Neural Network Representations Revisited”",
    ),
    "layer_distance": Explanation(
        title="Distance of layers",
        unit="lengths of retrained layers",
        range="0 to ∞",
        ideal=f"{_AS_RETRAINED}, each against all others",
        description=(
            "Euclidean distance between the parameters of the network and of a retrained one, whose hidden units are "
            "brought into its order first; mean over layers, median over retrained networks."
        ),
        formula="mean over layers of ‖θ_l − π θ'_l‖ / ‖θ'_l‖, π the assignment of closest units",
        source="Tarun et al. (2023); alignment of Ainsworth et al. (2023)",
    ),
    "accuracy_8bit": Explanation(
        title="Accuracy with weights of 8 bits",
        unit="share of images",
        range=_SHARE,
        ideal=_AS_RETRAINED,
        description="Accuracy once every weight is rounded to 255 evenly spaced numbers a layer; biases stay.",
        formula="accuracy with w → round(w / s) s, s = max |w| / 127",
        source="Zhang et al. (2025), arXiv:2410.16454",
    ),
    "accuracy_4bit": Explanation(
        title="Accuracy with weights of 4 bits",
        unit="share of images",
        range=_SHARE,
        ideal=_AS_RETRAINED,
        description=(
            "Accuracy once every weight is rounded to 15 evenly spaced numbers a layer; biases stay. Of language "
            "models, such rounding brings back what unlearning changed too little."
        ),
        formula="accuracy with w → round(w / s) s, s = max |w| / 7",
        source="Zhang et al. (2025), arXiv:2410.16454",
    ),
    "fisher_trace": Explanation(
        title="Trace of the Fisher information",
        unit="squared nats",
        range="0 to ∞",
        ideal=f"{_AS_RETRAINED}: an original fits forgotten images and has little, what ascended their loss has much",
        description=(
            "How much the parameters still have to do with forgotten training images: the squared length of the "
            "gradient of the cross-entropy, mean over images of each by itself."
        ),
        formula="mean over images of ‖∇θ cross-entropy‖²",
        source="Becker and Liebig (2022), arXiv:2208.10836",
    ),
    "idi": Explanation(
        title="Information difference index (IDI)",
        unit="1",
        range="−∞ to ∞",
        ideal="0: hidden units tell as much as those of retrained networks; 1 is as much as those of the original",
        description=(
            "How much hidden units tell of whether an image is of a forgotten class, all hidden layers together, "
            "between what those of retrained networks and of originals tell. It sees through changes of the output "
            "layer alone. Information is what a linear reader finds, a lower bound, where the paper trains a neural "
            "estimate."
        ),
        formula="Σ_l (I_l − I_l of retrained) / Σ_l (I_l of originals − I_l of retrained), I_l in bits",
        source="Jeon et al. (2024), arXiv:2405.17878",
    ),
    "ain": Explanation(
        title="Anamnesis index (AIN)",
        unit="steps over steps",
        range="0 to ∞",
        ideal="1: the class is learned again as fast as by networks that never saw it; far below 1 it was still there",
        description=(
            "Steps until the accuracy on forgotten test images is 95 % of the originals', over the median steps of "
            "retrained networks: minibatches of 64 training images of all classes, learning rate 0.1, at most 300 "
            "steps. Its interval is of the ratio of medians."
        ),
        formula="steps / median steps of retrained networks",
        source="Chundawat et al. (2023), “Zero-Shot Machine Unlearning”",
    ),
    "klom": Explanation(
        title="Divergence of margins (KLOM)",
        unit="nats",
        range="0 to ∞",
        ideal=_FLOOR,
        description=(
            "Whether networks of the method, as a population, are as sure of an image as retrained ones: the "
            "divergence between the histograms of both over the log-odds of its class, median over images. Few "
            "networks have a high floor, which the row of the retrained networks shows."
        ),
        formula="KL of two histograms of 20 bins over their joint range, 1e-5 added to each bin",
        source="Georgiev et al. (2024), “Attribute-to-Delete”",
    ),
    "challenge": Explanation(
        title="Score of the unlearning challenge",
        unit="1",
        range="0 to ∞",
        ideal=f"{_FLOOR}, at most 1 but for what networks keep beyond retrained ones",
        description=(
            "How hard it is to tell, image by image, the networks of the method from retrained ones by how sure they "
            "are, times the accuracy that they keep. Few networks bound how well any can be told; the challenge "
            "takes 512."
        ),
        formula="mean of 2^−⌊ε / 0.5⌋ × accuracy / that of retrained networks, on retained training and on test images",
        source="Triantafillou et al. (2024), “Are we making progress in unlearning?”",
    ),
    "two_sample": Explanation(
        title="Two-sample test",
        unit="share of networks",
        range=_SHARE,
        ideal="(n − 1) / (2n − 1) of n networks, a little below 0.5: the method's networks are like retrained ones",
        description=(
            "How often the network whose answers are nearest is of the same population, the method's or the "
            "retrained ones', as many of each: 1 where the method's are all told. It takes forgetting literally, as "
            "networks of the same distribution."
        ),
        formula="accuracy of one nearest neighbour on √p, each network left out in turn",
        source="Lopez-Paz and Oquab (2017), “Revisiting Classifier Two-Sample Tests”",
    ),
}
