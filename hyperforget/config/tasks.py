"""Sections of a task: its data, its main networks, and the checkpoints that are collected of them."""

from collections.abc import Mapping
from operator import not_
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from hyperforget.config.base import Count, FilePath, Fraction, Name, Positive, Section, Share, Size, Whole
from hyperforget.config.corpora import MAIN_CORPUS, corpus_name
from hyperforget.config.methods import ORIGINAL, RETRAINED, STRANGERS
from hyperforget.config.networks import NetworkConfig
from hyperforget.forget_set import Noun, noun_of


class DatasetConfig(Section):
    """Where images and labels come from, and how they are split."""

    source: Literal["digits", "grouped-digits", "torchvision", "openml", "npz", "function"] = Field(
        "digits",
        description="`digits`: scikit-learn's 1,797 embedded images of 8 x 8 pixels; `grouped-digits`: the same as "
        "from four sensors, groups 0 to 3: as they are, turned by a quarter, inverted, upside down; `torchvision`: a "
        "set with a train and a test part; `openml`: a set that scikit-learn downloads; `npz`: a file with arrays "
        "`images` and `labels` (and `test_images`, `test_labels`), and `groups` (and `test_groups`) where images have "
        "groups; `function`: a function of your own that returns these arrays, two or four of them, three or six with "
        "groups",
    )
    path: FilePath | None = Field(None, description="the file of source `npz`")
    name: str = Field(
        "MNIST",
        description="set of source `torchvision`: MNIST, FashionMNIST, KMNIST, QMNIST, CIFAR10, CIFAR100 or USPS; of "
        "source `openml`: letters, UCI's 20,000 letters of 16 features, as images of 4 x 4 pixels, with labels 0 to 25 "
        "for A to Z",
    )
    file: FilePath | None = Field(
        None,
        description="Python file with the function of source `function`, relative to the configuration file; without "
        "one, an installed package offers it as an entry point",
    )
    function: str = Field("load", description="name of that function")
    settings: dict[str, Any] = Field({}, description="keyword arguments of that function")
    root: FilePath | None = Field(
        None,
        description="folder that sources `torchvision` and `openml` download into, or find files in, `letters.npz` of "
        "letters; without one the environment variable `HYPERFORGET_DATA`, else `data`",
    )
    resize: Count | None = Field(
        None,
        description="height and width that square images are averaged down to, a divisor of theirs; without it they "
        "stay as they are",
    )
    download: bool = Field(
        True, description="whether sources `torchvision` and `openml` may download what the folder lacks"
    )
    test: Share = Field(
        0.25, description="share of each class for the test split, where the source has none of its own"
    )
    validation: Share = Field(0.25, description="share of each class of the rest for the validation split")


class UpdateConfig(Section):
    """How a main network is initialised and updated."""

    optimizer: Literal["sgd", "adam"] = Field(
        "sgd",
        description="`sgd`: stochastic gradient descent; `adam`: Adam with the betas and epsilon that are "
        "torch's defaults",
    )
    initialisation: Literal["uniform", "kaiming", "xavier"] = Field(
        "uniform",
        description="`uniform`: as `torch.nn.Linear`; `kaiming`: Kaiming normal weights for ReLU, zero "
        "biases; `xavier`: Xavier uniform weights, zero biases",
    )
    learning_rate: Positive = Field(0.1, description="constant learning rate")
    momentum: Fraction = Field(0.0, description="momentum of `sgd`")
    weight_decay: float = Field(
        0.01,
        ge=0,
        description="L2 penalty; without one, a network that fits its data has no gradient left to forget with",
    )


class MinibatchConfig(UpdateConfig):
    """How a main network is updated, and on what."""

    batch_size: Count = Field(64, description="images of a minibatch that all networks share")
    share: Fraction = Field(0.5, description="chance that a network draws an image of the shared minibatch")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="of the first layer's products, of images of 256 pixels or more most of the work; `auto`: of such "
        "images bfloat16 where the processor computes in it, else float32; all else is float32",
    )


class RecipeConfig(MinibatchConfig):
    """How every main network is trained, on the cross-entropy."""

    steps: Count = Field(1000, description="steps of the original and the retrained networks")


class StrangerRecipeConfig(UpdateConfig):
    """How strangers are trained."""

    optimizer: Literal["sgd", "adam"] = Field("adam", description="as `recipe.optimizer`")
    initialisation: Literal["uniform", "kaiming", "xavier"] = Field("kaiming", description="as `recipe.initialisation`")
    learning_rate: Positive = Field(0.001, description="constant learning rate")
    weight_decay: float = Field(0.0, ge=0, description="L2 penalty")
    steps: Count = Field(4000, description="steps; at this learning rate Adam needs thousands")
    batch_size: Count | None = Field(
        None, description="images of a minibatch that all strangers share; without it, that of `recipe`"
    )


class StrangersConfig(Section):
    """Networks trained otherwise than the corpus, to see what editing does to them."""

    count: Whole = Field(8, ge=0, description="strangers; 0 for none, and no table of them")
    recipe: StrangerRecipeConfig = StrangerRecipeConfig()


class RunsConfig(Section):
    """Optimisation and de-optimisation runs, and which of their checkpoints are kept (thesis, section 3.3.1): what a
    shard reads, whatever the other shards do.
    """

    steps: Count = Field(1500, description="steps of a run; more than `recipe.steps` leaves time to forget")
    checkpoints: Count = Field(8, description="checkpoints kept of a run at the most, beside its start")
    reviews: Count = Field(30, description="steps at which runs may be reviewed, evenly spaced")
    reviews_per_run: Positive = Field(8.0, description="expected number of them at which a run is reviewed")
    review_schedule: Literal["uniform", "early", "ends"] = Field(
        "early",
        description="where reviews fall: `uniform`; `early`: after the start and after a deletion (second "
        "proof of concept); `ends`: first and last steps (DiHyFo-2's corpus)",
    )
    starts: Literal["random", "shared"] = Field(
        "random", description="`random`: an own initialisation a run; `shared`: one for all"
    )
    deoptimisation: Fraction = Field(0.4, description="share of runs that delete classes on the way")
    never_seen: Fraction = Field(
        0.3,
        description="share of runs that never see a set of classes, from the first step on: without them no "
        "checkpoint shows what has been forgotten and is not merely hidden",
    )
    switch: tuple[Fraction, Fraction] = Field(
        (0.3, 0.75), description="range of the point of deletion, as shares of `steps`"
    )
    undersampling: list[Fraction] = Field(
        [0.0, 0.02, 0.1, 0.3],
        min_length=1,
        description="rates drawn for the undersampled classes of an optimisation run",
    )
    learning_rates: tuple[Positive, Positive] = Field(
        (0.7, 1.4), description="range of the factor on the learning rate that a run draws"
    )
    admission: Literal["bins", "relaxed"] = Field(
        "relaxed",
        description="`bins`: joint bins of the free classes' loss levels, capped, rarer ones preferred "
        "(figure 3.7); `relaxed`: accurate pivots suffice (second proof of concept)",
    )
    pivot_accuracy: Fraction = Field(0.8, description="γ: accuracy that each pivot class must reach")
    loss_levels: list[Positive] = Field(
        [0.25, 0.5, 1.0, 2.0, 4.0], min_length=1, description="bounds between loss levels, nats"
    )
    bin_cap: Fraction = Field(0.1, description="largest share of `runs` x `checkpoints` that one joint bin may take")


class CollectionConfig(RunsConfig):
    """Optimisation and de-optimisation runs, and which checkpoints are kept (thesis, section 3.3.1)."""

    runs: Count = Field(4000, description="training runs in all")
    shards: Count = Field(2, le=100_000, description="jobs that the runs are divided among")
    recipes: list[UpdateConfig] = Field(
        [],
        description="ways to initialise and update, one of which each run draws, with the minibatches of `recipe`; "
        "several teach a hypernetwork to edit networks that were trained otherwise; without any, that of `recipe`",
    )
    minimum_runs: Count = Field(
        200, description="fewest runs with an admitted checkpoint that a hypernetwork is trained on"
    )
    minimum_forgotten: Count = Field(
        20, description="fewest admitted checkpoints that must have forgotten a class (accuracy at most 0.01)"
    )

    def runs_of(self, shard: int) -> int:
        """How many of the runs belong to a shard; the first shards take what does not divide evenly."""
        return self.runs // self.shards + (shard < self.runs % self.shards)


class CorpusConfig(CollectionConfig):
    """A further corpus of a task: all keys of its `collection`, each with the value that it has there unless it is set
    here, and these.
    """

    models: list[str] = Field(
        min_length=1,
        description="the models that are trained on this corpus; all others, and `nearest`, use that of `collection`",
    )


class TaskConfig(Section):
    """A dataset, a main network and what is to be forgotten."""

    # A forget set of one class may be written as a number.
    model_config = ConfigDict(coerce_numbers_to_str=True)

    dataset: DatasetConfig = DatasetConfig()
    classes: list[Whole] = Field(
        min_length=2,
        description="labels of the dataset that the task keeps, 0 or more, in the order of the networks' outputs; "
        "wherever a class is named, in this configuration and in results, it goes by this label",
    )
    hidden: list[Size] = Field(
        [],
        description="hidden units of each layer of the main network, a perceptron; short for `network` with `hidden` "
        "alone, and one of the two is needed",
    )
    network: NetworkConfig | None = Field(None, description="the main network, by its kind")
    groups: list[Whole] = Field(
        [],
        description="labels of the dataset's groups of images, such as writers, hospitals or sensors, 0 or more, where "
        "these are to be forgotten instead of classes: `pivots` and all forget sets then name groups, and networks "
        "still answer `classes`",
        # Whoever forgets classes is told nothing new, so that what is there is not made anew.
        exclude_if=not_,
    )
    pivots: list[Whole] = Field(
        min_length=1,
        description="those of `classes`, or of `groups`, that stay good in every checkpoint, all others being free; no "
        "forget set has one",
    )
    allow_pivots: bool = Field(
        False,
        description="measure forget sets with pivots as well, which no hypernetwork learned to forget; else they are "
        "refused",
    )
    forget: list[str] = Field(
        min_length=1, description="forget sets of the tables, e.g. `2-3` for the labels 2 and 3, of free classes"
    )
    holdout: list[str] = Field(
        [], description="forget sets that no checkpoint is collected for, and that are evaluated too"
    )
    recipe: RecipeConfig = RecipeConfig()
    collection: CollectionConfig = CollectionConfig()
    corpora: dict[Name, CorpusConfig] = Field({}, description="further corpora by name")
    trained_on: list[str] = Field(
        [],
        description="tasks whose corpora teach the hypernetworks of this one, all of them together, where networks "
        "differ in their widths only; a task that is not among them has a width that no hypernetwork saw, which is "
        "asked for what the corpus of the nearest width tells; without any, each task has hypernetworks of its own",
    )
    originals: Count = Field(
        16, description="trained networks that editing methods start from; the first is edited for the tables"
    )
    retrained: Whole = Field(
        32, ge=2, description="networks retrained per forget set; the first is the reference, the rest the noise floor"
    )
    strangers: StrangersConfig = StrangersConfig()

    @model_validator(mode="before")
    @classmethod
    def _inherit(cls, values: Any) -> Any:
        """Give each further corpus what `collection` sets and it does not; faults of either keep their keys."""
        if not isinstance(values, Mapping):
            return values
        collection, corpora = values.get("collection"), values.get("corpora")
        if not isinstance(collection, Mapping) or not isinstance(corpora, Mapping):
            return values
        merged = {
            name: {**collection, **corpus} if isinstance(corpus, Mapping) else corpus
            for name, corpus in corpora.items()
        }
        return {**values, "corpora": merged}

    @model_validator(mode="after")
    def _has_one_network(self) -> Self:
        if bool(self.hidden) == (self.network is not None):
            told = "both are there" if self.hidden else "neither is there"
            raise ValueError(f"a main network is told by either 'hidden' or 'network', and {told}")
        return self

    @property
    def main_network(self) -> NetworkConfig:
        """The main network, however it is told."""
        return self.network or NetworkConfig(hidden=self.hidden)

    @property
    def forgettable(self) -> list[int]:
        """Labels of what forget sets are made of: groups, where the task has any, else classes."""
        return self.groups or self.classes

    @property
    def noun(self) -> Noun:
        """What messages call that."""
        return noun_of(self.groups)

    @property
    def forget_sets(self) -> list[str]:
        """All that are evaluated: those of the tables, then those kept out of collection."""
        return [*self.forget, *self.holdout]

    @property
    def collections(self) -> dict[str, CollectionConfig]:
        """What is collected for each corpus, by its name in paths: `corpus`, and `corpus-ends` for `corpora.ends`."""
        further = {corpus_name(name): corpus for name, corpus in self.corpora.items()}
        return {MAIN_CORPUS: self.collection, **further}

    def corpus_of(self, model: str) -> str:
        """The corpus that a model is trained on, by its name in paths."""
        for name, corpus in self.corpora.items():
            if model in corpus.models:
                return corpus_name(name)
        return MAIN_CORPUS

    def recipes_of(self, collection: CollectionConfig) -> list[RecipeConfig]:
        """The recipes that runs of one of the task's collections draw from."""
        own = self.recipe.model_dump()
        return [RecipeConfig(**(own | other.model_dump())) for other in collection.recipes] or [self.recipe]

    def recipe_of(self, method: str) -> RecipeConfig:
        """How networks are trained, by what they are for: strangers otherwise than all others; what their recipe leaves
        open is the task's.
        """
        if method != STRANGERS:
            return self.recipe
        own = self.strangers.recipe.model_dump(exclude_none=True)
        return RecipeConfig(**(self.recipe.model_dump() | own))

    def count_of(self, method: str) -> int:
        """How many networks are trained, by what they are for."""
        return {ORIGINAL: self.originals, STRANGERS: self.strangers.count, RETRAINED: self.retrained}[method]
