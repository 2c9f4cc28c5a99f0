"""A batch's loss is over its units, labelled tokens where a form has several a row; Adam would hide another scale."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional
from toy import LABELS, Toy, toy_features, toy_job

from adaptx.model.forms import NO_TARGET, Feature
from adaptx.model.forms.mlm import MlmModelForm
from adaptx.model.forms.tagging import TaggingModelForm
from adaptx.training.engine import Engine
from adaptx.training.schedule import Schedule
from adaptx.training.settings import ComputeSettings
from adaptx.training.train import Part, train

EVERY = 3  # tokens: one in so many has a label, so that units are neither rows nor tokens


class Tagger(Toy):
    """The toy with an output a token."""

    def forward(self, batch):
        hidden = torch.tanh(self.lower(self.words(batch.input_ids))).float()
        return self.head(self.norm(hidden + self.up(self.dropout(self.down(hidden)))))


class Guesser(Tagger):
    """The toy with an output for every token that is to be guessed."""

    def forward(self, batch):
        return super().forward(batch)[:, : batch.targets.shape[1]][batch.targets != NO_TARGET]


def labelled_tokens() -> list[Feature]:
    """Rows of uneven lengths, each with a label on some of its tokens."""
    features = []
    for row in toy_features(40):
        target = tuple(token % LABELS if place % EVERY == 0 else NO_TARGET for place, token in enumerate(row.ids))
        units = float(sum(value != NO_TARGET for value in target))
        features.append(Feature(row.example, row.ids, None, target, units))
    return features


def loss_of_token(model: Tagger, feature: Feature) -> float:
    """Return the summed loss of one row, by itself and by hand."""
    hidden = torch.tanh(model.lower(model.words(torch.tensor(feature.ids))))
    output = model.head(model.norm(hidden + model.up(model.down(hidden))))
    held = [place for place, value in enumerate(feature.target) if value != NO_TARGET]
    wanted = torch.tensor([feature.target[place] for place in held])
    return float(functional.cross_entropy(output[held], wanted, reduction="sum"))


@pytest.mark.parametrize("micro_tokens", [37, 10_000])
@pytest.mark.parametrize(("kind", "form"), [(Tagger, TaggingModelForm()), (Guesser, MlmModelForm())])
def test_the_loss_of_a_step_is_the_mean_over_the_labelled_tokens_of_its_batch(tmp_path, kind, form, micro_tokens):
    features, model = labelled_tokens(), kind(dropout=0.0)
    how = ComputeSettings(device="cpu", micro_tokens=micro_tokens)
    job = toy_job(tmp_path, model=model, parts=[Part(form=form, features=features)], how=how, plan={"epochs": 1.0})
    rows = Schedule([[len(f) for f in features]], job.optimisation, job.seed).rows(0)
    batch = [features[row] for row in rows]
    units = sum(feature.units for feature in batch)
    assert len(batch) < units < sum(map(len, batch))
    with torch.no_grad():
        expected = sum(loss_of_token(model, feature) for feature in batch) / units
    log = [entry for entry in train(job, lambda _: None).log if "loss" in entry]
    assert log[0]["step"] == 1
    assert log[0]["loss"] == pytest.approx(expected, rel=1e-5)


def test_what_is_learnt_from_is_what_is_recorded(tmp_path, monkeypatch):
    backward, learnt = Engine.backward, []

    def watched(engine, loss):
        learnt.append(float(loss.detach()))
        backward(engine, loss)

    monkeypatch.setattr(Engine, "backward", watched)
    parts = [Part(form=TaggingModelForm(), features=labelled_tokens())]
    how = ComputeSettings(device="cpu", micro_tokens=60)
    job = toy_job(tmp_path, model=Tagger(dropout=0.0), parts=parts, how=how, plan={"epochs": 1.0})
    log = [entry for entry in train(job, lambda _: None).log if "loss" in entry]
    assert len(learnt) > len(log)  # several micro-batches a step
    assert sum(learnt) == pytest.approx(sum(entry["loss"] for entry in log), rel=1e-5)
