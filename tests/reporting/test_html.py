"""The report's page: whole by itself, true to the values, and never of two worlds."""

from __future__ import annotations

from html.parser import HTMLParser

from adaptx.reporting.html import PAGE, files_of
from adaptx.reporting.provenance import GENERATED

VOID = {"meta", "rect", "line", "circle"}


class Reader(HTMLParser):
    """Gathers texts and elements; raises where tags do not match."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)


def test_the_first_line_says_that_it_is_the_generated_world(result) -> None:
    page = Reader(files_of(result)[PAGE])
    body = page.texts[page.texts.index("study: " + GENERATED) + 1 :]
    assert next(text for text in body if text.strip()) == GENERATED
    real = result | {"source": "hub", "comparisons": [c | {"source": "hub"} for c in result["comparisons"]]}
    assert GENERATED not in files_of(real)[PAGE]
    assert "Real rows: source hub." in files_of(real)[PAGE]


def test_a_page_needs_nothing_from_elsewhere_and_runs_nothing(result) -> None:
    page = files_of(result)[PAGE]
    assert "http" not in page
    tags = {tag for tag, _ in Reader(page).seen}
    assert tags & {"script", "link", "img", "iframe", "object"} == set()
    assert not any(name in attributes for _, attributes in Reader(page).seen for name in ("src", "href", "onload"))


def test_every_text_is_escaped_and_read_back_as_it_was(result) -> None:
    texts = Reader(files_of(result)[PAGE]).texts
    for wanted in ('Does <s> help & "hold"?', 'why = "<b>"', "<s> → lora", "adaptx run study.toml"):
        assert wanted in texts


def test_a_page_holds_numbers_with_intervals_flags_notes_versions_and_ids(result) -> None:
    texts = Reader(files_of(result)[PAGE]).texts
    for wanted in (
        "70.0 [65.0, 75.0]",
        "flag: few-seeds",
        "flag: lora rank 32: tiny (en de), chance (de)",
        "one seed",
        "adaptx 0.1.0, torch 2.6 and 2.7",
        "nano (mini:1)",
        "2: 1 made in 2 s, 1 reused",
        "a" * 64,
    ):
        assert wanted in texts


def test_every_figure_is_on_the_page_and_a_file_of_its_own(result, comparison) -> None:
    both = result | {"comparisons": [comparison(), comparison(intermediate="mnli")]}
    files = files_of(both)
    assert set(files) == {PAGE, "effects-1.svg", "scores-1-1.svg", "scores-2-1.svg"}
    seen = Reader(files[PAGE]).seen
    assert sum(tag == "svg" for tag, _ in seen) == 3
    ids = [attributes["id"] for _, attributes in seen if "id" in attributes]
    assert len(set(ids)) == len(ids) == 6


def test_a_run_without_an_attack_has_figures_of_clean_scores(result) -> None:
    (compared,) = result["comparisons"]
    for item in (*compared["arms"].values(), *compared["effects"]):
        del item["scores"]["charswap"]
    files = files_of(result)
    assert set(files) == {PAGE, "effects-1.svg", "scores-1-1.svg"}
    assert "hollow" not in files["scores-1-1.svg"].split("</style>")[1]


def test_without_zero_shot_languages_there_is_no_such_group(result) -> None:
    (compared,) = result["comparisons"]
    for item in (*compared["arms"].values(), *compared["effects"]):
        for scores in item["scores"].values():
            scores["mean_zero_shot"] = None
    assert "mean, zero-shot" not in files_of(result)["scores-1-1.svg"]


def test_the_same_value_is_the_same_bytes(result) -> None:
    assert files_of(result) == files_of(result)
