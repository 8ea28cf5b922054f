"""Scores multiple-choice items through lm-evaluation-harness's own client of servers, to be held against `yoco eval`.

    python3 harness.py http://127.0.0.1:8080/v1/completions MODEL ITEMS.jsonl

lm_eval is used as it is (pip install --no-deps lm_eval); what its client does not need may be missing (datasets,
evaluate, scikit-learn). ITEMS have query, choices and gold.
"""

import json
import sys
import types
from importlib.machinery import ModuleSpec

UNUSED = {"datasets", "evaluate", "jsonlines", "pytablewriter", "rouge_score", "sacrebleu", "sklearn", "sqlitedict", "word2number", "zstandard"}


class Missing(types.ModuleType):
    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


class MissingFinder:
    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self, is_package=True) if name.split(".")[0] in UNUSED else None

    def create_module(self, spec):
        return Missing(spec.name)

    def exec_module(self, module):
        pass


url, model, items = sys.argv[1:4]
sys.meta_path.append(MissingFinder())

from lm_eval.api.instance import Instance  # noqa: E402
from lm_eval.models.openai_completions import LocalCompletionsAPI  # noqa: E402


class Client(LocalCompletionsAPI):
    """Begins texts with the model's start token where it has one, as `yoco eval` does: the client asks /tokenize not to."""

    def tok_encode(self, string, **kwargs):
        ids = super().tok_encode(string, **kwargs)
        start = [] if self.tokenizer.bos_token is None else [self.tokenizer.bos_token_id]
        return start + ids if isinstance(string, str) else [start + i for i in ids]


def prompt(query):
    return query.strip() + ("\nAnswer:" if query.startswith("Question:") else "")


def share(docs, scores):
    return sum(max(range(len(s)), key=s.__getitem__) == d["gold"] for d, s in zip(docs, scores)) / len(docs)


def texts_of(kind, arguments):
    return [Instance(request_type=kind, doc={}, arguments=a, idx=0) for a in arguments]


with open(items) as file:
    docs = [json.loads(line) for line in file]
client = Client(base_url=url, model=model, tokenizer_backend="auto", max_length=512, batch_size=4)
pairs = [(prompt(d["query"]), " " + c) for d in docs for c in d["choices"]]
sums = iter(s for s, _ in client.loglikelihood(texts_of("loglikelihood", pairs), disable_tqdm=True))
scores = [[next(sums) for _ in d["choices"]] for d in docs]
normed = [[s / len(c) for s, c in zip(ss, d["choices"])] for d, ss in zip(docs, scores)]
print(f"{len(docs)} items, acc {share(docs, scores):.4f}, acc_norm {share(docs, normed):.4f}")

rolling = client.loglikelihood_rolling(texts_of("loglikelihood_rolling", [("The cat sat on the mat.",)]), disable_tqdm=True)
print("log-probability of a text", rolling)
until = {"until": ["."], "max_gen_toks": 40, "do_sample": False}
print("a text until a full stop", client.generate_until(texts_of("generate_until", [("Once upon a time", until)]), disable_tqdm=True))
