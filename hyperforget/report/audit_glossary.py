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
        kind="attacks",
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
        kind="likeness",
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
        kind="likeness",
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
        kind="knowledge",
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
        kind="knowledge",
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
        kind="relearning",
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
        kind="likeness",
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
        kind="attacks",
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
        kind="likeness",
    ),
    "tv": Explanation(
        title="Total variation",
        unit="1",
        range=_SHARE,
        ideal=f"{_AS_RETRAINED}, each against all others",
        description=(
            "How far the answers to forgotten images are from those of a retrained network: half the sum of absolute "
            "differences of probabilities, median over retrained networks."
        ),
        formula="mean over images of Σ_c |p_c − q_c| / 2",
        source="Ebrahimpour-Boroojeny et al. (2026), arXiv:2506.20893",
        kind="answers",
    ),
    "cmia": Explanation(
        title="Attack on neighbouring classes (CMIA)",
        unit="area under the ROC curve",
        range=_SHARE,
        ideal=f"0.5, which is guessing, and {_FLOOR}",
        description=(
            "Whether networks of the method are told from retrained ones by the probabilities that they give the "
            "three retained classes which a forgotten image is most like: a logistic regression on how far these are "
            "from those of retrained networks, fitted on half of the networks and tried on the other. The interval is "
            "over networks. It catches answers that retrained networks do not give although no image is recognised. "
            "The classifier is this project's, as that of the paper was not published."
        ),
        formula="chance that the method's network has the higher score for the same image, networks kept out",
        source="Ebrahimpour-Boroojeny et al. (2026), arXiv:2506.20893, there MIA-NN",
        kind="attacks",
    ),
    "ulira": Explanation(
        title="U-LiRA with a fixed generator",
        unit="area under the ROC curve",
        range=_SHARE,
        ideal=f"0.5, which is guessing, and {_FLOOR}",
        description=(
            "Whether networks of the method are told from networks that never saw an image by how sure they are of "
            "it: two normal distributions of its log-odds, fitted on half of the networks of both sides, of which the "
            "other half is asked. The hypernetwork stays as it is; the whole attack would train one anew for every "
            "target. The interval is over networks."
        ),
        formula="chance that the method's network has the higher ln p_u − ln p_r for the same image, networks kept out",
        source="Hayes et al. (2024), “Inexact Unlearning Needs More Careful Evaluations”",
        kind="attacks",
    ),
    "ulira_tpr": Explanation(
        title="U-LiRA at one false alarm in a hundred, with a fixed generator",
        unit="share of answers",
        range=_SHARE,
        ideal=f"0.01, which is guessing, and {_FLOOR}",
        description=(
            "The same attack where it has to be sure: the share of answers of the method's networks above the "
            "score that one in a hundred answers of retrained networks passes."
        ),
        formula="true positives at a false positive rate of 0.01, all images together",
        source="Hayes et al. (2024), “Inexact Unlearning Needs More Careful Evaluations”",
        kind="attacks",
    ),
    "leakage": Explanation(
        title="Information leakage",
        unit="area under the ROC curve",
        range=_SHARE,
        ideal=f"{_AS_RETRAINED}, about 0.5, which is guessing",
        description=(
            "Whether whoever has a network from before and one from after unlearning tells the images that were "
            "trained on from others of the same classes, by how far answers moved. Median over originals."
        ),
        formula="chance that ‖p after − p before‖ is larger for a training image than for a test image",
        source="Chen et al. (2021), “When Machine Unlearning Jeopardizes Privacy”",
        kind="attacks",
    ),
    "relearn_time": Explanation(
        title="Relearn time",
        unit="steps",
        range="0 to 300",
        ideal=f"{_AS_RETRAINED}; fewer steps tell what was left, more that networks resist",
        description=(
            "Steps until the accuracy on forgotten test images is 95 % of the originals', on minibatches of 64 "
            "training images of forgotten classes alone, or of all classes; learning rate 0.1, at most 300 steps."
        ),
        formula="least number of steps with accuracy on forgotten test images ≥ 0.95 that of the originals",
        source="Chundawat et al. (2023), “Zero-Shot Machine Unlearning”; on forgotten images alone as ERASURE has it",
        kind="relearning",
    ),
    "probe_layers": Explanation(
        title="Linear probe by layer",
        unit="share of images",
        range=_SHARE,
        ideal=_AS_RETRAINED,
        description=(
            "Accuracy on forgotten images of a logistic regression that reads the units of one hidden layer, of all "
            "classes, for each of the first four: where in the network a class is still told."
        ),
        formula="accuracy of a logistic regression on units, fitted on 200 training images a class",
        source="Alain and Bengio (2017), “Understanding Intermediate Layers Using Linear Classifier Probes”",
        kind="knowledge",
    ),
    "hypervolume": Explanation(
        title="Hypervolume of the trade-off",
        unit="1",
        range=_SHARE,
        ideal="1: as much kept, and no more brought back, than of retrained networks",
        description=(
            "How much of all trade-offs between keeping and forgetting the method does at least as well. It is an "
            "area: across, the accuracy on retained images over that of retrained networks; up, 1 minus what a shift "
            "brings back beyond these. Methods that are told how much to forget have a point for each setting of "
            "`trade_off`, others a single one."
        ),
        formula="area that the points (retained / retrained, 1 − (shift − retrained)) dominate, from (0, 0), up to 1",
        source="Zitzler and Thiele (1999); for unlearning arXiv:2510.19226",
        kind="answers",
    ),
}
