"""Replies in the style of chat models: good answers, and answers of none or several options."""

from __future__ import annotations

from typing import Final

from tests.evaluation.benchmarks.answer_cases import CAMS, YN, YNM, Case

DISTRESS: Final = {
    "A": "Adjustment disorder",
    "B": "Generalized anxiety disorder",
    "C": "Panic disorder",
    "D": "Post-traumatic stress disorder",
}
TREATMENTS: Final = {"A": "Sertraline", "B": "Bupropion", "C": "Lithium carbonate", "D": "Cognitive behavioral therapy"}
MECHANISMS: Final = {
    "A": "Increased dopamine activity in the mesolimbic pathway",
    "B": "Decreased serotonin",
    "C": "Loss of cholinergic neurons",
    "D": "GABA deficiency",
}
PERIODS: Final = {"A": "2 weeks", "B": "4 weeks", "C": "6 months", "D": "1 year"}
LETTERED_CAUSES: Final = {
    "A": "none",
    "B": "bias or abuse",
    "C": "jobs and career",
    "D": "medication",
    "E": "relationship",
    "F": "alienation",
}

ANSWERS: Final[tuple[Case, ...]] = (
    (
        DISTRESS,
        (
            "The correct answer is **D. Post-traumatic stress disorder**.\n\nThe patient experienced a "
            "life-threatening event and now has flashbacks, avoidance and hypervigilance lasting more than one "
            "month.\n\n- Adjustment disorder (A) would not include flashbacks.\n- GAD (B) involves worry about "
            "multiple domains.\n- Panic disorder (C) requires recurrent unexpected panic attacks."
        ),
        "D",
    ),
    (DISTRESS, "D", "D"),
    (DISTRESS, "**D**", "D"),
    (DISTRESS, "D. Post-traumatic stress disorder", "D"),
    (
        DISTRESS,
        (
            "Answer: **C. Panic disorder**\n\nThe sudden onset of palpitations and fear of dying, followed by "
            "persistent worry about further attacks, is classic."
        ),
        "C",
    ),
    (
        DISTRESS,
        (
            "Based on the clinical presentation, the most likely diagnosis is **panic disorder**. Recurrent "
            "unexpected attacks followed by a month of concern meet the criteria."
        ),
        "C",
    ),
    (
        DISTRESS,
        (
            "Let's break this down step by step.\n\n1. The patient has excessive worry about multiple things.\n2. "
            "It has lasted for 8 months.\n3. She has muscle tension and insomnia.\n\nThese features are consistent "
            "with generalized anxiety disorder.\n\n**Final Answer: B**"
        ),
        "B",
    ),
    (
        DISTRESS,
        (
            "The patient's symptoms began within three months of losing his job and do not meet criteria for "
            "another disorder. Therefore, the best answer is A. Adjustment disorder."
        ),
        "A",
    ),
    (
        DISTRESS,
        (
            "A. Adjustment disorder\n\nExplanation: The symptoms appeared after a stressor. Generalized anxiety "
            "disorder would need six months of worry. Panic disorder would need panic attacks."
        ),
        "A",
    ),
    (DISTRESS, "Given the duration of over 6 months and the worry in several domains, the answer is B.", "B"),
    (DISTRESS, "I would choose B (Generalized anxiety disorder) because the worry is excessive and hard to control.", "B"),
    (DISTRESS, "This is a case of post-traumatic stress disorder, so the answer is D.", "D"),
    (DISTRESS, "The most likely diagnosis in this patient is C) Panic disorder.", "C"),
    (DISTRESS, "Option D is correct. The other options do not explain the nightmares.", "D"),
    (DISTRESS, "Reasoning: The symptoms followed an assault; intrusive memories are present.\n\nAnswer: D", "D"),
    (DISTRESS, "Answer: D\nReasoning: The symptoms followed an assault.", "D"),
    (DISTRESS, "Final answer: (B)", "B"),
    (DISTRESS, "The answer is: B. Generalized anxiety disorder", "B"),
    (DISTRESS, "(C) Panic disorder", "C"),
    (DISTRESS, "Choice C", "C"),
    (DISTRESS, "Sure! The correct option is **C**.", "C"),
    (DISTRESS, "```\nC\n```", "C"),
    (DISTRESS, '{"answer": "D", "reason": "flashbacks after trauma"}', "D"),
    (
        DISTRESS,
        (
            "**Analysis of options:**\n\nA. Adjustment disorder - symptoms are too severe.\nB. Generalized anxiety "
            "disorder - not tied to trauma.\nC. Panic disorder - attacks are cued here.\nD. Post-traumatic stress "
            "disorder - matches all criteria.\n\n**Correct answer: D**"
        ),
        "D",
    ),
    (DISTRESS, "While adjustment disorder is possible, the flashbacks make D the best answer.", "D"),
    (DISTRESS, "Thus, the most appropriate diagnosis is Generalized anxiety disorder (B).", "B"),
    (DISTRESS, "It is D, because the stressor was life-threatening.", "D"),
    (DISTRESS, "Looking at the criteria, B fits best. The answer is B.", "B"),
    (
        DISTRESS,
        (
            "The correct answer is B. The DSM-5 requires at least 6 months of excessive worry. Less than that "
            "would suggest adjustment disorder."
        ),
        "B",
    ),
    (DISTRESS, "My answer is C.", "C"),
    (TREATMENTS, "The most appropriate treatment is **A. Sertraline**.", "A"),
    (
        TREATMENTS,
        (
            "A. Sertraline\n\nSSRIs are first-line for this condition. Bupropion (B) can worsen anxiety, lithium "
            "(C) is used for bipolar disorder, and CBT (D) would be an alternative if the patient declined drugs."
        ),
        "A",
    ),
    (TREATMENTS, "Sertraline", "A"),
    (TREATMENTS, "Answer: Lithium carbonate", "C"),
    (TREATMENTS, "The best initial treatment would be cognitive behavioral therapy (option D).", "D"),
    (TREATMENTS, "Bupropion is the best choice here, as it has the lowest risk of sexual side effects.", "B"),
    (
        TREATMENTS,
        ("The correct answer is B: Bupropion. It should be avoided in patients with seizures, but this patient has none."),
        "B",
    ),
    (TREATMENTS, "C is the correct answer. Lithium reduces the risk of suicide in bipolar disorder.", "C"),
    (
        TREATMENTS,
        ("**Answer: D**\n\n*Note: This is general information and not medical advice. Please consult a doctor.*"),
        "D",
    ),
    (TREATMENTS, "The patient should be started on sertraline. The answer is A.", "A"),
    (TREATMENTS, "So the correct answer is \\boxed{A}.", "A"),
    (
        TREATMENTS,
        (
            "To treat acute mania with long-term suicide prevention, lithium carbonate is preferred. Therefore, C "
            "is the answer."
        ),
        "C",
    ),
    (TREATMENTS, "A) Sertraline is the correct answer. It is safe after myocardial infarction.", "A"),
    (TREATMENTS, "I believe the answer is D.", "D"),
    (YN, "Yes, the poster suffers from stress. They describe sleepless nights and constant worry about rent.", "yes"),
    (YN, "No, the poster does not suffer from stress. They share a happy update about their dog.", "no"),
    (YN, "Yes", "yes"),
    (YN, "No.", "no"),
    (YN, "Answer: No\n\nThe post is neutral in tone.", "no"),
    (YN, "The answer is yes, because the author says they cannot sleep.", "yes"),
    (YN, "Yes. The poster writes that they can't tell anyone and feel trapped.", "yes"),
    (YN, "No, this post does not show this risk. Reasoning: there is no mention of feeling like a burden.", "no"),
    (YNM, "Yes. The study found a statistically significant reduction in relapse.", "yes"),
    (YNM, "No, the intervention did not improve outcomes compared with usual care.", "no"),
    (YNM, "Maybe. The results were inconclusive.", "maybe"),
    (YNM, "**Answer: Yes**\n\nThe data support an association between sleep and mood.", "yes"),
    (YNM, "The abstract reports mixed findings, so the answer is maybe.", "maybe"),
    (LETTERED_CAUSES, "E. relationship", "E"),
    (
        LETTERED_CAUSES,
        ("This post shows causes of depression related to jobs and career. Reasoning: The poster was fired."),
        "C",
    ),
    (CAMS, "The cause is alienation, as the poster feels alone.", "alienation"),
    (MECHANISMS, "A. Increased dopamine activity in the mesolimbic pathway", "A"),
    (MECHANISMS, "The most appropriate initial response would be option A.", "A"),
    (MECHANISMS, "Schizophrenia's positive symptoms are linked to dopamine. Therefore, the answer is A.", "A"),
    (MECHANISMS, "C is correct. Alzheimer disease involves the nucleus basalis of Meynert.", "C"),
    (MECHANISMS, "The first-line choice is B.", "B"),
    (MECHANISMS, "Answer: A (increased dopamine activity in the mesolimbic pathway)", "A"),
    (MECHANISMS, "**A**: D2 receptors are blocked by haloperidol in this pathway.", "A"),
    (MECHANISMS, "A\n\nD2 blockade reduces positive symptoms.", "A"),
    (MECHANISMS, "The answer is A. D2 antagonists work by reducing this activity.", "A"),
    (MECHANISMS, "In a 70-year-old with memory loss, the best choice is C.", "C"),
    (MECHANISMS, "Loss of cholinergic neurons is the most likely mechanism.", "C"),
    (MECHANISMS, "**Loss of cholinergic neurons**", "C"),
    (
        MECHANISMS,
        (
            "The correct answer is option C: Loss of cholinergic neurons. Options A, B and D are incorrect because "
            "they relate to other disorders."
        ),
        "C",
    ),
    (PERIODS, "C. 6 months", "C"),
    (PERIODS, "6 months", "C"),
    (PERIODS, "The answer is 6 months.", "C"),
    (PERIODS, "The minimum duration for schizophrenia is 6 months, so the answer is C.", "C"),
    (PERIODS, "At least 6 months of symptoms are required. The correct answer is C.", "C"),
    (DISTRESS, "Correct answer: D", "D"),
    (DISTRESS, "Answer - B", "B"),
    (DISTRESS, "I'd say C.", "C"),
    (DISTRESS, "It's B.", "B"),
    (DISTRESS, "Thus, option C.", "C"),
    (DISTRESS, "In conclusion, the correct choice is D) Post-traumatic stress disorder.", "D"),
    (DISTRESS, "The presentation is most consistent with panic disorder (C).", "C"),
    (DISTRESS, "Step 1: identify the stressor.\nStep 2: note the time course.\n\nConclusion: A", "A"),
    (DISTRESS, "The patient meets criteria for PTSD. Answer: D. Post-traumatic stress disorder.", "D"),
    (
        DISTRESS,
        (
            "To determine the diagnosis, we need to consider the duration. The patient has had symptoms for 7 "
            "months. The correct answer is B."
        ),
        "B",
    ),
    (DISTRESS, "The answer is D, not C.", "D"),
    (DISTRESS, "It can't be A or B because of the flashbacks, so D.", "D"),
    (DISTRESS, "Of the options, D is the best fit.", "D"),
    (DISTRESS, "<think>Either B or D... D fits.</think>\n\nThe correct answer is D.", "D"),
    (
        DISTRESS,
        ("The key feature is the trauma. If the stressor were milder, it would be adjustment disorder. The answer is D."),
        "D",
    ),
    (YN, "Yes, the post indicates that the poster feels like a burden to others.", "yes"),
    (YN, "Based on the post, the answer is no.", "no"),
    (YN, "No, there is no indication of stress in this post.", "no"),
    (YN, "yes - they're overwhelmed", "yes"),
    (YNM, "No. There was no difference between groups (p = 0.4).", "no"),
    (YNM, "Yes, the results suggest so, although the sample was small and results may vary.", "yes"),
    (YNM, "Maybe", "maybe"),
    (YNM, "The answer is no. Larger trials are needed.", "no"),
    (DISTRESS, "**Answer: D**", "D"),
    (
        DISTRESS,
        ("Answer: D. Post-traumatic stress disorder. This is because the symptoms followed a trauma, unlike in B."),
        "D",
    ),
    (
        DISTRESS,
        (
            "The correct answer is D. While panic disorder may also present with palpitations, the trauma history "
            "is decisive."
        ),
        "D",
    ),
    (
        DISTRESS,
        (
            "The correct answer is (B) Generalized anxiety disorder.\n\nExplanation: The other possible answer, "
            "(A) Adjustment disorder, requires a stressor."
        ),
        "B",
    ),
    (
        DISTRESS,
        (
            "D is the correct answer. The symptoms have lasted more than a month. If they had lasted less, acute "
            "stress disorder would be the diagnosis."
        ),
        "D",
    ),
    (DISTRESS, "I think the best answer is C, panic disorder, given the sudden attacks.", "C"),
    (DISTRESS, "Correct Answer: C. Panic disorder\n\nPanic disorder is a type of anxiety disorder.", "C"),
    (DISTRESS, "The answer is C. I hope this helps! Please let me know if you have more questions.", "C"),
    (
        DISTRESS,
        ("Here is my reasoning: the worry is diffuse and has lasted eight months, so GAD is likely. My final answer is B."),
        "B",
    ),
    (
        DISTRESS,
        ("Based on the information provided, it is most likely that the patient has post-traumatic stress disorder (D)."),
        "D",
    ),
    (TREATMENTS, "The treatment of choice is sertraline, which is option A.", "A"),
    (
        TREATMENTS,
        (
            "The correct answer is A. Sertraline. It is important to note that bupropion is not effective for "
            "panic disorder."
        ),
        "A",
    ),
    (TREATMENTS, "Answer: C. Lithium carbonate. However, renal function should be checked before starting it.", "C"),
    (TREATMENTS, "D. Cognitive behavioral therapy is the correct answer.", "D"),
    (TREATMENTS, "Cognitive behavioral therapy (CBT) is the best first step.", "D"),
    (TREATMENTS, "The correct option is A) Sertraline, not B) Bupropion.", "A"),
    (TREATMENTS, "The best next step is to start sertraline (A).", "A"),
    (DISTRESS, "Answer: B\n\nConfidence: high", "B"),
    (DISTRESS, "Answer: B\n\nI am not a doctor, and this is not medical advice.", "B"),
    (YN, "Yes, this poster is at risk, as they say nobody would miss them.", "yes"),
    (YN, "No. The post is about a recipe.", "no"),
    (YN, "**Yes**, the poster suffers from stress.\n\n**Reasoning:** They can't say no to their boss.", "yes"),
    (YNM, "Based on the abstract, the answer is: Maybe", "maybe"),
    (YNM, "Final answer: no", "no"),
)

NO_ANSWERS: Final[tuple[Case, ...]] = (
    (DISTRESS, "It's either B or C; the vignette doesn't allow a firm decision.", None),
    (DISTRESS, "Both B and D are supported by the findings.", None),
    (DISTRESS, "B/D", None),
    (DISTRESS, "The answer could be B, but D also fits.", None),
    (DISTRESS, "Answer: B or D, depending on duration.", None),
    (DISTRESS, "I'd lean towards B, though C can't be excluded and may be equally right.", None),
    (DISTRESS, "A, B", None),
    (DISTRESS, "C & D", None),
    (DISTRESS, "Answers: A, D", None),
    (DISTRESS, "The best answers are A and B.", None),
    (DISTRESS, "B first, then D.", None),
    (DISTRESS, "Panic disorder with post-traumatic stress disorder", None),
    (DISTRESS, "Panic disorder comorbid with generalized anxiety disorder.", None),
    (DISTRESS, "The patient has panic disorder and adjustment disorder.", None),
    (DISTRESS, "A: 25%, B: 50%, C: 15%, D: 10%", None),
    (DISTRESS, "I can't determine the diagnosis without an interview. Panic disorder might be one.", None),
    (DISTRESS, "I'm not able to provide a diagnosis. Please see a licensed professional about panic disorder.", None),
    (DISTRESS, "I cannot choose an option here.", None),
    (DISTRESS, "Sorry, I can't help with that. B", None),
    (DISTRESS, "As an AI language model, I do not diagnose; panic disorder is one of many conditions.", None),
    (DISTRESS, "There is insufficient detail in the vignette to select D.", None),
    (DISTRESS, "Without further history, no option can be chosen. Panic disorder would need attacks.", None),
    (DISTRESS, "A: I am unable to answer.", None),
    (DISTRESS, "The options were cut off in your message. D?", None),
    (DISTRESS, "I'd prefer not to give an answer such as C.", None),
    (DISTRESS, "It is not panic disorder.", None),
    (DISTRESS, "Panic disorder is unlikely.", None),
    (DISTRESS, "We can exclude panic disorder.", None),
    (DISTRESS, "B is incorrect.", None),
    (DISTRESS, "The one option that makes no sense is B.", None),
    (DISTRESS, "D is the least likely diagnosis.", None),
    (DISTRESS, "Panic disorder does not fit.", None),
    (DISTRESS, "Do not pick C.", None),
    (DISTRESS, "C would be a poor choice.", None),
    (DISTRESS, "Everything except C is plausible.", None),
    (DISTRESS, "Not D.", None),
    (DISTRESS, "The answer isn't A.", None),
    (DISTRESS, "I doubt that it is C.", None),
    (DISTRESS, "A wrong answer would be C.", None),
    (DISTRESS, "She does not meet criteria for panic disorder.", None),
    (DISTRESS, "Hmm, C?", None),
    (DISTRESS, "I'm not sure. Possibly C.", None),
    (DISTRESS, "Perhaps it's D.", None),
    (DISTRESS, "It may be D, but I have no way to confirm.", None),
    (DISTRESS, "Honestly I don't know; I'd be guessing if I said D.", None),
    (DISTRESS, ("Panic disorder is characterised by sudden attacks of fear. Generalized anxiety disorder, in contrast, "
        "is"), None),
    (DISTRESS, "First, let us define panic disorder.", None),
    (DISTRESS, "Step 1: Read the question. Step 2: Compare A", None),
    (DISTRESS, "You should respond in the form 'Answer: C'.", None),
    (DISTRESS, "Select A, B, C, or D.", None),
    (TREATMENTS, "Sertraline is contraindicated with MAO inhibitors.", None),
    (TREATMENTS, "Bupropion lowers the seizure threshold.", None),
    (TREATMENTS, "I would start sertraline and add cognitive behavioral therapy.", None),
    (TREATMENTS, "Sertraline + CBT", None),
    (TREATMENTS, "Taper sertraline.", None),
    (YN, "No, I am unable to evaluate this post.", None),
    (YN, "Yes and no - it depends on how you define stress.", None),
    (YN, "I can't say whether the poster is stressed.", None),
    (YNM, "Yes in men, no in women.", None),
    (YN, "Could you share the post? Yes or no can't be decided otherwise.", None),
    (DISTRESS, "B or C", None),
    (DISTRESS, "The differential includes panic disorder and PTSD.", None),
    (DISTRESS, "B and/or C", None),
    (DISTRESS, "Answer: B/C", None),
    (DISTRESS, "Let me think about B. Let me think about C.", None),
    (DISTRESS, "A? B? C? D?", None),
    (DISTRESS, "Panic disorder, or maybe adjustment disorder", None),
    (DISTRESS, "My top two are B and D.", None),
    (DISTRESS, "Could go either way between C and D.", None),
    (DISTRESS, "C (though D is just as likely)", None),
    (DISTRESS, "Answer: C. However, D would also be acceptable.", None),
    (DISTRESS, "C is right. D is right.", None),
    (DISTRESS, "C would be my pick, followed closely by D.", None),
    (DISTRESS, "If trauma, D. If not, B.", None),
    (DISTRESS, "D, unless symptoms lasted less than a month, in which case A.", None),
    (DISTRESS, "The vignette is incomplete, so D can't be confirmed.", None),
    (DISTRESS, "I am only a language model and cannot say D.", None),
    (DISTRESS, "I'm not permitted to give diagnoses like D.", None),
    (DISTRESS, "No comment on D.", None),
    (DISTRESS, "It would be irresponsible to choose D.", None),
    (DISTRESS, "This looks like a question about panic disorder.", None),
    (DISTRESS, "Patients with panic disorder often avoid crowds.", None),
    (DISTRESS, "I have treated panic disorder before.", None),
    (DISTRESS, "Panic disorder: see chapter 5.", None),
    (DISTRESS, "Thank you for asking about panic disorder!", None),
    (DISTRESS, "The answer is neither B nor C.", None),
    (DISTRESS, "D is false.", None),
    (DISTRESS, "C has been refuted.", None),
    (DISTRESS, "Cross out C.", None),
    (DISTRESS, "C isn't it.", None),
    (DISTRESS, "C? No.", None),
    (DISTRESS, "Not C, obviously.", None),
    (DISTRESS, "Some would say C.", None),
    (DISTRESS, "C used to be the answer.", None),
    (DISTRESS, "Choosing C is a common error.", None),
    (DISTRESS, "The answer begins with C", None),
    (DISTRESS, "Grade: C", None),
    (DISTRESS, "Dr. B. Smith", None),
    (DISTRESS, "Option 3", None),
    (DISTRESS, "Answer: see below", None),
    (DISTRESS, "The answer is in section D.", None),
    (MECHANISMS, "Dopamine", None),
    (MECHANISMS, "Decreased serotonin is involved in depression.", None),
    (MECHANISMS, "B. GABA deficiency", None),
    (PERIODS, "6 months to 1 year", None),
    (PERIODS, "It took 6 months to 1 year.", None),
    (PERIODS, "Less than 6 months", None),
    (PERIODS, "More than 1 year", None),
    (PERIODS, "2 weeks or 4 weeks", None),
    (YN, "Yes... or no?", None),
    (YN, "No, I'm just an AI.", None),
    (YN, "yes yes no", None),
    (YN, "The poster said yes to the job.", None),
    (YN, "I'd say it's a yes/no question.", None),
    (YN, "No post was included.", None),
    (YN, "No, but yes in a way", None),
    (YNM, "Yes, no, maybe - hard to tell.", None),
    (YNM, "No conclusion can be drawn.", None),
    (YN, "Not enough information to say yes.", None),
    (LETTERED_CAUSES, "The options are A to F.", None),
    (LETTERED_CAUSES, "It's a mix of D and E.", None),
    (DISTRESS, "Answer: C\nAnswer: D", None),
    (DISTRESS, "I choose C and D.", None),
    (DISTRESS, "C is more likely than B, but less likely than D... so hard to say.", None),
    (DISTRESS, "C, D or both", None),
    (DISTRESS, "B|D", None),
    (DISTRESS, "Between B and D.", None),
    (DISTRESS, "B, D (tie)", None),
    (DISTRESS, "The answer is C for young patients and D for veterans.", None),
    (DISTRESS, "Answer: C (or possibly B)", None),
    (DISTRESS, "C seems right. But B seems right as well.", None),
    (DISTRESS, "It's C. It's D.", None),
    (DISTRESS, "I am not allowed to pick C.", None),
    (DISTRESS, "My guidelines prevent me from choosing C.", None),
    (DISTRESS, "You should ask a clinician whether it is C.", None),
    (DISTRESS, "I'd need the full history; C is tempting.", None),
    (DISTRESS, "Cannot be C.", None),
    (DISTRESS, "Surely not C!", None),
    (DISTRESS, "Anything but panic disorder.", None),
    (DISTRESS, "C has nothing to do with it.", None),
    (DISTRESS, "C would only be correct if attacks were uncued.", None),
    (DISTRESS, "C was my answer until I reread the case.", None),
    (DISTRESS, "The answer was supposed to be C, which is strange.", None),
    (DISTRESS, "If this were a child, I would choose C.", None),
    (DISTRESS, "What about C?", None),
    (DISTRESS, "C, I guess? No idea really.", None),
    (DISTRESS, "The answer is likely C or D.", None),
    (DISTRESS, "Write 'C' if you think it is panic disorder.", None),
    (DISTRESS, "The letter C stands for panic disorder.", None),
    (DISTRESS, "C = panic disorder", None),
    (DISTRESS, "C stands for Panic disorder, D for PTSD.", None),
    (DISTRESS, "Option C is listed third.", None),
    (DISTRESS, "Option C describes panic disorder.", None),
    (TREATMENTS, "Sertraline should be tapered off.", None),
    (TREATMENTS, "Allergic to sertraline", None),
    (TREATMENTS, "The patient was on sertraline.", None),
    (TREATMENTS, "The patient has been taking bupropion for 2 years.", None),
    (TREATMENTS, "Overdose of lithium carbonate", None),
    (TREATMENTS, "Switch to sertraline from bupropion", None),
    (TREATMENTS, "Sertraline worsened her symptoms, so it should be replaced.", None),
    (TREATMENTS, "The correct treatment is not listed, although sertraline is.", None),
    (YN, "No, let's talk about something else.", None),
    (YN, "Yes! How can I help?", None),
    (YN, "No... well, yes.", None),
    (YN, "The answer could be yes.", None),
    (YN, "I think yes and no.", None),
    (YNM, "yes/no", None),
    (YN, "No answer is possible here.", None),
    (YN, "Yes, I read the post.", None),
    (YN, "No, you have to ask a doctor.", None),
)  # fmt: skip
