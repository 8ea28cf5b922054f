package io.yoco4j.eval.task;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.eval.data.EvalRecord;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * How records of multiple-choice benchmarks become prompts, as EleutherAI's lm-evaluation-harness has it. Beside the
 * dataset's own schema HellaSwag, PIQA, ARC and OpenBookQA take {@code query}, {@code choices} and {@code gold}.
 */
public interface ChoiceFormat {
    /**
     * The item of a record.
     *
     * @throws InvalidInputException naming the record's place and the field
     */
    ChoiceItem item(EvalRecord record);

    /** HellaSwag (Zellers et al. 2019): {@code activity_label}, {@code ctx_a}, {@code ctx_b}, {@code endings}, {@code label}. */
    ChoiceFormat HELLASWAG = record -> {
        if (record.has("query")) {
            return generic(record, record.text("query"));
        }
        String context = record.text("ctx_a") + " " + capitalized(record.has("ctx_b") ? record.text("ctx_b") : "");
        List<String> endings =
                record.texts("endings").stream().map(ChoiceFormat::cleaned).toList();
        int gold = record.integer("label", 0, endings.size() - 1);
        return ChoiceItem.of(cleaned(record.text("activity_label") + ": " + context), endings, gold, record.place());
    };

    /** PIQA (Bisk et al. 2020): {@code goal}, {@code sol1}, {@code sol2}, {@code label}. */
    ChoiceFormat PIQA = record -> {
        if (record.has("query")) {
            return generic(record, question(record.text("query")));
        }
        List<String> solutions = List.of(record.text("sol1"), record.text("sol2"));
        return ChoiceItem.of(question(record.text("goal")), solutions, record.integer("label", 0, 1), record.place());
    };

    /**
     * ARC (Clark et al. 2018): {@code question}, {@code choices} with {@code text} and {@code label}, {@code answerKey}; or, as
     * AI2's files have it, a {@code question} with {@code stem} and a list of {@code choices}.
     */
    ChoiceFormat ARC = record -> {
        if (record.has("query")) {
            return generic(record, question(record.text("query")));
        }
        Optional<EvalRecord> nested = record.inner("question");
        return nested.isPresent()
                ? nested(record, nested.get(), question(nested.get().text("stem")))
                : labelled(record, question(record.text("question")));
    };

    /** OpenBookQA (Mihaylov et al. 2018): {@code question_stem}, {@code choices}, {@code answerKey}; or nested, as {@link #ARC}. */
    ChoiceFormat OPENBOOKQA = record -> {
        if (record.has("query")) {
            return generic(record, record.text("query"));
        }
        Optional<EvalRecord> nested = record.inner("question");
        return nested.isPresent()
                ? nested(record, nested.get(), nested.get().text("stem"))
                : labelled(record, record.text("question_stem"));
    };

    /**
     * Winogrande (Sakaguchi et al. 2020): {@code sentence}, {@code option1}, {@code option2}, {@code answer}, or
     * {@code context_options}, {@code continuation}, {@code gold}. What is scored is the rest of the sentence, behind either
     * option.
     */
    ChoiceFormat WINOGRANDE = record -> {
        if (record.has("context_options")) {
            List<String> contexts = record.texts("context_options");
            String rest = record.text("continuation").strip();
            int gold = record.integer("gold", 0, contexts.size() - 1);
            return new ChoiceItem(
                    contexts.stream().map(c -> new Choice(c, rest)).toList(), gold, record.place());
        }
        String sentence = record.text("sentence");
        int blank = sentence.indexOf('_');
        if (blank < 0) {
            throw new InvalidInputException(record.place()
                    + ": field \"sentence\" has no \"_\" for the options to fill: mend or remove the record");
        }
        String before = sentence.substring(0, blank);
        String rest = sentence.substring(blank + 1).strip();
        return new ChoiceItem(
                List.of(
                        new Choice(before + record.text("option1"), rest),
                        new Choice(before + record.text("option2"), rest)),
                record.integer("answer", 1, 2) - 1,
                record.place());
    };

    /** Columns of MMLU's files, whose own have no line of names. */
    List<String> MMLU_COLUMNS = List.of("question", "choice0", "choice1", "choice2", "choice3", "answer");

    /**
     * MMLU (Hendrycks et al. 2021): {@code question}, {@code choice0} .. {@code choice3}, {@code answer}, a letter or a number
     * from 0; letters are scored.
     */
    ChoiceFormat MMLU = record -> {
        List<String> letters = List.of("A", "B", "C", "D");
        List<String> texts = record.isList("choices")
                ? record.texts("choices")
                : List.of(
                        record.text("choice0"), record.text("choice1"), record.text("choice2"), record.text("choice3"));
        if (texts.size() != letters.size()) {
            throw new InvalidInputException(record.place() + " has " + texts.size()
                    + " choices, but MMLU's questions have 4: mend or remove the record");
        }
        StringBuilder prompt = new StringBuilder(record.text("question").strip()).append('\n');
        for (int i = 0; i < letters.size(); i++) {
            prompt.append(letters.get(i)).append(". ").append(texts.get(i)).append('\n');
        }
        int letter =
                record.isText("answer") ? letters.indexOf(record.text("answer").strip()) : -1;
        int gold = letter < 0 ? record.integer("answer", 0, 3) : letter;
        return ChoiceItem.of(prompt.append("Answer:").toString(), letters, gold, record.place());
    };

    private static ChoiceItem generic(EvalRecord record, String context) {
        List<String> choices =
                record.texts("choices").stream().map(String::stripLeading).toList();
        return ChoiceItem.of(context, choices, record.integer("gold", 0, choices.size() - 1), record.place());
    }

    private static ChoiceItem labelled(EvalRecord record, String context) {
        return labelled(record, record.texts("choices", "label"), record.texts("choices", "text"), context);
    }

    private static ChoiceItem nested(EvalRecord record, EvalRecord question, String context) {
        return labelled(
                record, question.textsOfEach("choices", "label"), question.textsOfEach("choices", "text"), context);
    }

    private static ChoiceItem labelled(EvalRecord record, List<String> labels, List<String> texts, String context) {
        int gold = labels.indexOf(record.text("answerKey").strip());
        if (gold < 0 || labels.size() != texts.size()) {
            throw new InvalidInputException(record.place() + " has answerKey " + record.text("answerKey")
                    + " and labels " + labels + " for " + texts.size() + " choices: mend or remove the record");
        }
        return ChoiceItem.of(context, texts, gold, record.place());
    }

    /** "Question: ...", a line, "Answer:"; files of other harnesses have the first part already. */
    private static String question(String text) {
        String stripped = text.strip();
        String asked = stripped.startsWith("Question:") ? stripped : "Question: " + stripped;
        return asked.endsWith("\nAnswer:") ? asked : asked + "\nAnswer:";
    }

    /** As Python's {@code str.capitalize}: the first letter becomes large, all others small. */
    private static String capitalized(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = Character.charCount(text.codePointAt(0));
        return text.substring(0, first).toUpperCase(Locale.ROOT)
                + text.substring(first).toLowerCase(Locale.ROOT);
    }

    /** HellaSwag's texts without the marks of the pages that they come from. */
    private static String cleaned(String text) {
        return text.strip()
                .replace(" [title]", ". ")
                .replaceAll("\\[.*?\\]", "")
                .replace("  ", " ");
    }
}
