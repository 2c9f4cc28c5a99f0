"""The tasks of the generated world: the rows of ``--source mini``, under the names and fields of the real data sets.

Owns the table of tasks, sizes and seeds; may not read files nor import anything heavy. Row ``i`` of a split is drawn as
a meaning and then said in a language, so it means the same in each of them and its label is true by construction. Every
fact belongs to one split whatever the task, so no test fact is seen in training. Randomness is sha256 alone: the same
rows on every machine, Python version and day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from functools import partial

from adaptx.errors import Missing, UnknownName, UsageError
from adaptx.mini.choices import common_sense, consequence, continuation, pronoun, who_has_it
from adaptx.mini.facts import VERSION
from adaptx.mini.lexicon import language as language_of
from adaptx.mini.lexicon import tags
from adaptx.mini.pairs import answerability, inference, paraphrase, questions, relatedness
from adaptx.mini.parallel import mining, translation
from adaptx.mini.questions import reading
from adaptx.mini.sentences import Maker, Row, Split
from adaptx.mini.sentiment import feeling
from adaptx.mini.tagging import CATEGORIES, categories, names, parts_of_speech, tagging

__all__ = [
    "DEFAULT",
    "LABELS",
    "TASKS",
    "VERSION",
    "Suite",
    "TaskMaker",
    "languages",
    "rows",
    "splits",
    "suite_of",
    "translations",
]

ALL = "all"  # languages: every one that has a page
FOREIGN = "foreign"  # all but English
TRAINING = ("train", "dev", "test")
EVALUATION = ("dev", "test")
TEST = ("test",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """How many rows a split has, and the seed that draws them; which facts a split may tell follows from neither."""

    seed: int = 0
    train: int = 4000
    dev: int = 300
    test: int = 500

    def revision(self, split: str) -> str:
        """Return the version of the world, with the seed and the split's size where they are not the default ones."""
        sizes = {key: value for key, value in asdict(self).items() if key in ("seed", split)}
        differing = [f"{key}={value}" for key, value in sizes.items() if value != getattr(DEFAULT, key)]
        return ",".join((str(VERSION), *differing))


DEFAULT = Suite()


@dataclass(frozen=True, slots=True)
class TaskMaker:
    """What makes the rows of a task, in which languages and splits; ``translated``: train is there in all languages."""

    maker: Maker
    languages: str | tuple[str, ...]
    splits: tuple[str, ...]
    translated: bool = False
    is_whole: bool = False  # one row holds all


TWO_WAY = partial(inference, labels=("entailment", "not_entailment"), columns=("sentence1", "sentence2"))
SICK = ("sentence_A", "sentence_B")
POS = partial(tagging, tagger=parts_of_speech, column="upos")
NAMES = partial(tagging, tagger=names, column="ner_tags")
FELT = partial(feeling, column="sentence")
ANSWERS = tuple(f"answer{n}" for n in range(4))

TASKS: Mapping[str, TaskMaker] = {
    "advglue": TaskMaker(inference, ("en",), TEST),
    "advglue-mnli-mm": TaskMaker(inference, ("en",), TEST),
    "advglue-qnli": TaskMaker(answerability, ("en",), TEST),
    "advglue-qqp": TaskMaker(questions, ("en",), TEST),
    "advglue-rte": TaskMaker(TWO_WAY, ("en",), TEST),
    "advglue-sst2": TaskMaker(FELT, ("en",), TEST),
    "americasnli": TaskMaker(inference, ALL, EVALUATION),
    "anli": TaskMaker(partial(inference, longer=True, id="uid"), ("en",), TRAINING),
    "bucc": TaskMaker(mining, FOREIGN, EVALUATION, is_whole=True),
    "ccg": TaskMaker(partial(tagging, tagger=categories, column="tags"), ("en",), TRAINING),
    "ccg-udpos": TaskMaker(POS, ("en",), TRAINING),
    "commonsenseqa": TaskMaker(common_sense, ("en",), TRAINING),
    "copa": TaskMaker(consequence, ("en",), TRAINING),
    "cosmosqa": TaskMaker(partial(who_has_it, columns=ANSWERS), ("en",), TRAINING),
    "hellaswag": TaskMaker(continuation, ("en",), TRAINING),
    "imdb": TaskMaker(partial(feeling, column="text", around=2), ("en",), TRAINING),
    "jsick": TaskMaker(inference, ("ja",), TEST),
    "lareqa": TaskMaker(partial(reading, breaks=True), ALL, TEST),
    "masakhaner": TaskMaker(NAMES, ALL, EVALUATION),
    "mlqa": TaskMaker(reading, ("en", "ar", "de", "es", "hi", "zh"), EVALUATION),  # its metric knows no others
    "mnli": TaskMaker(inference, ("en",), ("train", "dev"), translated=True),
    "mrpc": TaskMaker(paraphrase, ("en",), TRAINING),
    "pan-paraphrase": TaskMaker(paraphrase, ("en",), TRAINING),
    "panx": TaskMaker(NAMES, ALL, TRAINING),
    "pawsx": TaskMaker(paraphrase, ALL, TRAINING),
    "qnli": TaskMaker(answerability, ("en",), TRAINING),
    "qqp": TaskMaker(questions, ("en",), TRAINING),
    "rte": TaskMaker(TWO_WAY, ("en",), TRAINING),
    "sick": TaskMaker(partial(inference, columns=SICK), ("en",), TRAINING),
    "sick-relatedness": TaskMaker(
        partial(relatedness, columns=(*SICK, "relatedness_score"), least=1.0, most=5.0), ("en",), TRAINING
    ),
    "siqa": TaskMaker(
        partial(who_has_it, columns=("answerA", "answerB", "answerC"), first=1), ("en",), ("train", "dev")
    ),
    "snli": TaskMaker(inference, ("en",), TRAINING),
    "squad": TaskMaker(reading, ("en",), TRAINING, translated=True),
    "squad-retrieval": TaskMaker(reading, ("en",), TRAINING),
    "squad2": TaskMaker(partial(reading, may_abstain=True), ("en",), TRAINING),
    "sst2": TaskMaker(FELT, ("en",), TRAINING),
    "stsb": TaskMaker(
        partial(relatedness, columns=("sentence1", "sentence2", "label"), least=0.0, most=5.0), ("en",), TRAINING
    ),
    "tatoeba": TaskMaker(translation, FOREIGN, TEST),
    "tydiqa": TaskMaker(reading, ALL, TRAINING),
    "udpos": TaskMaker(POS, ALL, TRAINING),
    "xcopa": TaskMaker(consequence, ALL, EVALUATION),
    "xnli": TaskMaker(inference, ALL, EVALUATION),
    "xnli-var": TaskMaker(inference, ("es",), TEST),
    "xquad": TaskMaker(reading, ALL, TEST),
    "xwinograd": TaskMaker(pronoun, ALL, TEST),
}
"""Task -> what makes its rows. A task that is not here says something that this world does not know."""

LABELS: Mapping[str, tuple[str, ...]] = {"ccg": CATEGORIES}
"""Labels of the tasks whose page leaves them to the source."""


def suite_of(text: str) -> Suite:
    """Return the suite of ``mini`` or ``mini:seed=3,train=10000``; raise `UsageError` saying what may stand there."""
    known = [field.name for field in fields(Suite)]
    settings: dict[str, int] = {}
    for part in text.split(":", 1)[1].split(",") if ":" in text else ():
        key, _, value = part.partition("=")
        if key not in known:
            raise UnknownName("setting of the generated world", key, known)
        least = 0 if key == "seed" else 1
        if key in settings or not (value.isascii() and value.isdecimal()) or int(value) < least:
            problem = f"--source {text} says {part!r}: {key} is one whole number from {least} on"
            raise UsageError(problem, hint="--source mini:seed=3,train=10000,dev=300,test=500, or some of these")
        settings[key] = int(value)
    return Suite(**settings)


def languages(task: str) -> tuple[str, ...]:
    """Return the languages of a task, less those of its translated training rows; raise `UnknownName`."""
    own = _maker_of(task).languages
    available = tags()
    if isinstance(own, tuple):
        return tuple(tag for tag in own if tag in available)
    return available if own == ALL else tuple(tag for tag in available if tag != "en")


def translations(task: str) -> tuple[str, ...]:
    """Return the languages in which a task has training rows and nothing else; raise `UnknownName`."""
    own = languages(task)
    return tuple(tag for tag in tags() if tag not in own) if _maker_of(task).translated else ()


def splits(task: str, language: str) -> tuple[str, ...]:
    """Return the splits of a task in a language, none where the task is not in that language."""
    if language in languages(task):
        return _maker_of(task).splits
    return ("train",) if language in translations(task) else ()


def rows(task: str, language: str, split: str, suite: Suite = DEFAULT) -> Iterator[Row]:
    """Yield the rows of one split, with the fields of the real data set; raise `UnknownName`, `Missing`."""
    maker = _maker_of(task)
    if split not in splits(task, language):
        there = "; ".join(f"{tag} {'/'.join(splits(task, tag))}" for tag in (*languages(task), *translations(task)))
        raise Missing(f"the generated world has no {task} {language} {split}", hint=f"it has {there}")
    size: int = getattr(suite, split)
    row_context = Split(task=task, name=split, language=language_of(language), seed=suite.seed, rows=size)
    for index in range(1 if maker.is_whole else size):
        yield maker.maker(row_context, index)


def _maker_of(task: str) -> TaskMaker:
    if task not in TASKS:
        raise UnknownName("task of the generated world", task, TASKS)
    return TASKS[task]
