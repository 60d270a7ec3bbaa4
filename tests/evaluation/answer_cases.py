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

LIKE_MODELS: Final[tuple[Case, ...]] = (
    # long and tidy
    (
        DRUG,
        "The correct answer is **C. Gynecomastia**.\n\n**Explanation:**\n\nRisperidone is an atypical antipsychotic.\n\n"
        "- **A. Agranulocytosis**: This is associated with clozapine.\n- **B. Shortened QT interval**: Antipsychotics prolong it.\n"
        "- **D. Weight loss**: Weight gain is typical.",
        "C",
    ),
    (
        DRUG,
        "Risperidone is a D2 antagonist. By blocking dopamine in the tuberoinfundibular pathway it increases prolactin.\n\n"
        "Let's evaluate each option:\n\n(A) Agranulocytosis: Associated with clozapine.\n(B) Shortened QT interval: Antipsychotics "
        "lengthen QT.\n(C) Gynecomastia: Consistent with hyperprolactinemia.\n(D) Weight loss: Weight gain is expected.\n\n"
        "Therefore, the patient is at increased risk of **gynecomastia (C)**.",
        "C",
    ),
    (
        DRUG,
        "Step 1: Risperidone blocks D2.\nStep 2: Prolactin rises.\nStep 3: Gynecomastia follows.\n\nThe final answer is: $\\boxed{C}$",
        "C",
    ),
    (DRUG, "Sure! Based on the information provided, the most likely adverse effect is gynecomastia (option C).", "C"),
    (DRUG, "Among the choices, C. Gynecomastia is the best answer because risperidone raises prolactin.", "C"),
    (DRUG, "**Correct Answer: C) Gynecomastia**\n\nA) is caused by clozapine.", "C"),
    (
        DRUG,
        "**Answer:** C\n\n**Rationale:** Unlike option A, which needs blood counts, option C follows from prolactin.",
        "C",
    ),
    (DRUG, "I would choose option C, gynecomastia.", "C"),
    (DRUG, "The answer: C", "C"),
    (DRUG, "ANSWER: C. GYNECOMASTIA", "C"),
    (DRUG, "The correct answer is option (c).", "C"),
    (DRUG, "Correct option: C\nConfidence: 0.9", "C"),
    (DRUG, '{"reasoning": "Risperidone raises prolactin. A is for clozapine.", "choice": "C"}', "C"),
    (DRUG, "{'answer': 'C', 'confidence': 'A lot'}", "C"),
    (DRUG, "C) Gynecomastia\n\nRisperidone is known to raise prolactin levels, and this can cause breast growth.", "C"),
    (DRUG, "The best answer is C.", "C"),
    (DRUG, "The answer is (C) Gynecomastia. Risperidone has the highest risk of hyperprolactinemia of the atypicals.", "C"),
    (DRUG, "So the answer is C. Note that weight loss is the opposite of what is expected.", "C"),
    (DRUG, "Gynecomastia. Weight gain, not weight loss, is expected with risperidone.", "C"),
    (DRUG, "This patient is at increased risk for Gynecomastia.", "C"),
    (
        DRUG,
        "Risperidone can cause hyperprolactinemia. Agranulocytosis is caused by clozapine. So, the correct choice would be C.",
        "C",
    ),
    (DRUG, "Answer: C, because A, B, and D are not typical.", "C"),
    (DRUG, "Answer is C", "C"),
    (DRUG, "Ans: C", "C"),
    (DRUG, "C is the correct answer, while A is the classic effect of clozapine.", "C"),
    (
        DRUG,
        "Let me think. It's not A (clozapine). It's not B. Not D either, since weight gain is common. So it must be C.",
        "C",
    ),
    (DRUG, "I believe the answer is C, but I am not 100% sure.", "C"),
    (DRUG, "I am not a doctor, but the answer is most likely C.", "C"),
    (DRUG, "The patient should be told of gynecomastia and not of agranulocytosis.", "C"),
    (DRUG, "C\nC\nC\nC", "C"),
    (DRUG, "C Gynecomastia", "C"),
    (DRUG, "Answer: Gynecomastia\nExplanation: Weight loss is unlikely.", "C"),
    (DRUG, "My final answer is C - gynecomastia. Final answer: C", "C"),
    # weak ones
    (DRUG, "The following is a multiple choice question. A. B. C. D.", None),
    (DRUG, "A, because it is serious, and C, because it is common.", None),
    (DRUG, "Please consult a psychiatrist before you take any medicine.", None),
    (DRUG, "The answer is A and C.", None),
    (DRUG, "The answer could be A, C or D depending on the dose.", None),
    (DRUG, "Risperidone", None),
    (DRUG, "A\nB\nC\nD", None),
    (DRUG, "Agranulocytosis is seen with clozapine. Gynecomastia is seen with risperidone.", None),
    (DRUG, "The correct answer is not listed.", None),
    (DRUG, "None of the options is correct; the answer should be weight gain.", None),
    (DRUG, "As an AI language model I cannot diagnose. Options A and C are both known effects.", None),
    (DRUG, "Answer: ", None),
    (DRUG, "The answer is", None),
    (DRUG, "A 26-year-old man with schizophrenia is started on risperidone. A common side effect is weight gain.", None),
    (NESTED, "The answer is D, none of the above.", "D"),
    (NESTED, "The best answer is B. Gynecomastia with galactorrhea", "B"),
    (TEN, "I'd choose G (aripiprazole).", "G"),
    (TEN, "I would not choose A. I would choose H: lithium.", "H"),
    (TEN, "The drug of choice is lithium.", "H"),
    (TEN, "Olanzapine and quetiapine are alternatives, but clozapine is the answer.", "B"),
    # yes, no, maybe
    (YNM, "Based on the abstract, the answer is yes. The study showed no harm.", "yes"),
    (YNM, "Yes. The results suggest that the treatment is effective, although more work is needed.", "yes"),
    (
        YNM,
        "**Answer: No**\n\nThe study found that there was no significant difference, and yes, it was well powered.",
        "no",
    ),
    (YNM, "The evidence is mixed, so the answer is maybe.", "maybe"),
    (YNM, "Final decision: maybe", "maybe"),
    (YNM, "The results suggest an effect, but it is unclear whether it lasts.", None),
    (YNM, "No, the findings do not support this. Maybe in older patients.", "no"),
    (YNM, "It depends.", None),
    (YNM, "Answer: yes or maybe", None),
    (YN, "Based on the post, I would say yes, the poster suffers from stress.", "yes"),
    (YN, "The poster suffers from stress. Reasoning: they cannot sleep.", "yes"),
    (YN, "I'm sorry, I can't help with that. If you are in danger, call a helpline.", None),
    (YN, "No. The poster seems calm, and there is yes, some worry, but no stress.", "no"),
    # causes
    (
        CAMS,
        "The cause of depression in this post is relationship. Reasoning: the medication is only mentioned.",
        "relationship",
    ),
    (CAMS, "The post mentions his medication, but the main cause of depression is alienation.", "alienation"),
    (CAMS, "The main cause is related to jobs and career.", "jobs and career"),
    (
        CAMS,
        "This post shows causes of depression related to bias or abuse. The poster's relationship with...",
        "bias or abuse",
    ),
    (CAMS, "None. The post does not show any cause of depression.", "none"),
    (CAMS, "This post shows causes of depression related to relationship and medication.", None),
    (CAMS, "I am so sorry that you feel this way. Please reach out to someone.", None),
)
