"""Replies and what a careful reader takes from them, written by hand; None where nothing may be credited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Case = tuple[Mapping[str, str], str, str | None]

DRUG: Final = {"A": "Agranulocytosis", "B": "Shortened QT interval", "C": "Gynecomastia", "D": "Weight loss"}
NESTED: Final = {"A": "Gynecomastia", "B": "Gynecomastia with galactorrhea", "C": "Weight loss", "D": "None of the above"}
BOTH: Final = {"A": "Apical constriction", "B": "Apical foramen", "C": "Both", "D": "None"}
EVERY: Final = {"A": "Photoreceptor", "B": "Bipolar neuron", "C": "Lateral geniculate body", "D": "All of the above"}
SWAP: Final = {"A": "B", "B": "A"}
VITAMIN: Final = {"A": "Vitamin A", "B": "Vitamin B", "C": "Vitamin C", "D": "Vitamin D"}
NUMBER: Final = {"A": "6", "B": "5", "C": "3", "D": "2"}
TWICE: Final = {"A": "4.6", "B": "4.6", "C": "4.61", "D": "4.62"}
LETTERS: Final = {"A": "ac", "B": "a", "C": "ad", "D": "ab"}
NEGATED: Final = {"A": "Greater than normal", "B": "Less than normal", "C": "Not altered", "D": "No change"}
TEN: Final = dict(
    zip(
        "ABCDEFGHIJ",
        "Haloperidol Clozapine Risperidone Olanzapine Quetiapine Ziprasidone Aripiprazole Lithium Valproate Lamotrigine".split(),
        strict=True,
    )
)
YNM: Final = {"yes": "yes", "no": "no", "maybe": "maybe"}
YN: Final = {"yes": "yes", "no": "no"}
CAMS: Final = {
    label: label for label in ("none", "bias or abuse", "jobs and career", "medication", "relationship", "alienation")
}

OWN: Final[tuple[Case, ...]] = (
    # a label, dressed
    (DRUG, "\\boxed{C}", "C"),
    (DRUG, "$\\boxed{\\text{C}}$", "C"),
    (DRUG, '{"answer": "C"}', "C"),
    (DRUG, '```json\n{"answer": "C", "explanation": "A is wrong; B is rare."}\n```', "C"),
    (DRUG, '{"answers": ["A", "C"]}', None),
    (DRUG, '{"answer": null}', None),
    (DRUG, "<answer>C</answer>", "C"),
    (DRUG, "<think>Could be A? The answer is A. Hmm.</think>C", "C"),
    (DRUG, "<think>The answer is A, or", None),
    (DRUG, "Final answer: **C**", "C"),
    (DRUG, "### Answer\n\n**C. Gynecomastia**", "C"),
    (DRUG, "Answer:\n\nC", "C"),
    (DRUG, "Ｃ", "C"),  # noqa: RUF001
    (DRUG, "（Ｃ）", "C"),  # noqa: RUF001
    (DRUG, "\u202e\u2067C\u2069", "C"),
    (DRUG, "\x00C\x00", "C"),
    (DRUG, "C\ud800", "C"),
    (DRUG, "  c)  ", "C"),
    (DRUG, "option c", "C"),
    (DRUG, "C is correct", "C"),
    (DRUG, "C is incorrect", None),
    (DRUG, "[D]", "D"),
    (DRUG, '"B"', "B"),
    (DRUG, "My choice is D!", "D"),
    (DRUG, "I'd go with C, since risperidone raises prolactin.", "C"),
    (DRUG, "A", "A"),
    (DRUG, "A. Agranulocytosis", "A"),
    # a label and a text
    (DRUG, "A. Gynecomastia", None),
    (DRUG, "The answer is B. Weight loss", None),
    (DRUG, "C. Gynecomastia\n\nExplanation: A is wrong because clozapine causes it. B and D are not seen.", "C"),
    (DRUG, "Gynecomastia (C)", "C"),
    (DRUG, "C: gynecomastia, due to D2 blockade", "C"),
    (DRUG, "The answer is C. Agranulocytosis is seen with clozapine.", "C"),
    # a text
    (DRUG, "The adverse effect is gynecomastia.", "C"),
    (DRUG, "Risperidone raises prolactin, which may lead to gynecomastia.", "C"),
    (DRUG, "The patient is at risk of both gynecomastia and weight loss.", None),
    (DRUG, "weight   loss", "D"),
    (NESTED, "Gynecomastia with galactorrhea", "B"),
    (NESTED, "Gynecomastia", "A"),
    (NESTED, "The answer is gynecomastia with galactorrhea, not weight loss.", "B"),
    (NESTED, "Gynecomastia or gynecomastia with galactorrhea", None),
    (NESTED, "None of the above", "D"),
    (NESTED, "D. None of the above", "D"),
    (NESTED, "Answer: none of these", "D"),
    (BOTH, "Both", "C"),
    (BOTH, "None", "D"),
    (BOTH, "Answer: C. Both", "C"),
    (BOTH, "Both A and B", None),
    (BOTH, "Apical foramen", "B"),
    (EVERY, "All of the above", "D"),
    (EVERY, "Photoreceptor, bipolar neuron", None),
    (EVERY, "The answer is D, as A, B and C are all involved.", "D"),
    (NEGATED, "Not altered", "C"),
    (NEGATED, "No change", "D"),
    (NEGATED, "It is not greater than normal.", None),
    (NEGATED, "The answer is not altered.", "C"),
    (SWAP, "A. B", "A"),
    (SWAP, "Option B", "B"),
    (SWAP, "B", None),
    (VITAMIN, "Vitamin A", "A"),
    (VITAMIN, "The answer is vitamin D.", "D"),
    (VITAMIN, "B", "B"),
    (VITAMIN, "A. Vitamin C", None),
    (NUMBER, "5", "B"),
    (NUMBER, "The answer is 3.", "C"),
    (NUMBER, "The patient was seen 5 times in 2 years.", None),
    (NUMBER, "1.5", None),
    (TWICE, "4.6", None),
    (TWICE, "4.61", "C"),
    (TWICE, "B. 4.6", "B"),
    (LETTERS, "ad", "C"),
    (LETTERS, "a", None),
    # articles, pronouns, other uses of letters
    (DRUG, "A patient with schizophrenia needs care.", None),
    (DRUG, "a patient on risperidone may lose libido", None),
    (DRUG, "Vitamin D and hepatitis B are unrelated.", None),
    (TEN, "I think the answer is B.", "B"),
    (TEN, "I", "I"),
    (TEN, "I am not certain.", None),
    (TEN, "I. Valproate", "I"),
    (TEN, "The answer is J", "J"),
    (DRUG, "The answer is E", None),
    (DRUG, "Answer: BC", None),
    # denials
    (DRUG, "It is not C", None),
    (DRUG, "Not A, not B, not D.", None),
    (DRUG, "A is wrong, B is wrong, C is wrong, so D", "D"),
    (DRUG, "The answer is not A but C.", "C"),
    (DRUG, "C, not A", "C"),
    (DRUG, "C rather than A", "C"),
    (DRUG, "Neither A nor B", None),
    (DRUG, "Gynecomastia is ruled out.", None),
    (DRUG, "Rule out A, B and D. That leaves C.", "C"),
    # refusals and hedges
    (DRUG, "As an AI, I can't choose between A and B", None),
    (DRUG, "I'm sorry, but I cannot provide medical advice about gynecomastia.", None),
    (DRUG, "A or C", None),
    (DRUG, "Both A and C", None),
    (DRUG, "Either C or D", None),
    (DRUG, "Answer: A or B", None),
    (DRUG, "A/C", None),
    (DRUG, "I am torn between A and C.", None),
    (DRUG, "The answer is C. It could also be D.", None),
    (DRUG, " \n\t ", None),
    # reasoning that ends in an answer
    (DRUG, "A is seen with clozapine. B is not seen. D is rare.\n\nAnswer: C", "C"),
    (DRUG, "Let's think. Option A is tempting. Therefore, the correct answer is (C) Gynecomastia.", "C"),
    (DRUG, "The answer is A. Wait, clozapine does that. The answer is C.", "C"),
    (DRUG, "The answer is A. No, actually it is C.", "C"),
    (
        DRUG,
        "A. Agranulocytosis: clozapine.\nB. Shortened QT interval: no.\nC. Gynecomastia: yes.\nSo, the answer is C.",
        "C",
    ),
    (DRUG, "C\n\nQuestion: Which drug is safe?\nA. X\nB. Y\nAnswer: B", "C"),
    # yes, no, maybe
    (YNM, "The answer is maybe.", "maybe"),
    (YNM, "Yes and no", None),
    (YNM, "yes/no/maybe", None),
    (YNM, "Notably, knowledge is limited.", None),
    (YNM, "**No**", "no"),
    (YNM, "no.", "no"),
    (YNM, "NO", "no"),
    (YNM, "No doubt this helps", None),
    (YNM, "I cannot say yes or no", None),
    (YNM, "The study found an effect. Answer: yes", "yes"),
    (YN, "maybe", None),
    (YN, "Yes, the poster suffers from stress. Reasoning: there is no rest.", "yes"),
    (YN, "No, the poster does not suffer from stress.", "no"),
    (YN, "The post does not show this risk.", "no"),
    (YN, "Yes, the post shows this risk. Reasoning: No one answers him, so he says no.", "yes"),
    # causes
    (CAMS, "This post shows causes of depression related to alienation. Reasoning: a relationship ended.", "alienation"),
    (CAMS, "This post shows no causes of depression.", "none"),
    (CAMS, "This post shows no causes of depression. Reasoning: the medication helps.", "none"),
    (CAMS, "none", "none"),
    (CAMS, "Jobs and career", "jobs and career"),
    (CAMS, "Cause: bias or abuse", "bias or abuse"),
    (CAMS, "relationship, alienation", None),
    (CAMS, "It is not medication.", None),
)
