package io.yoco4j.eval.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.eval.data.EvalRecord;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Prompts as lm-evaluation-harness writes them, by hand. */
class ChoiceFormatTest {
    private static EvalRecord record(String json) {
        try {
            return new EvalRecord((ObjectNode) new ObjectMapper().readTree(json.replace('\'', '"')), "f.jsonl line 7");
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static List<String> prompts(ChoiceItem item) {
        return item.choices().stream()
                .map(c -> c.context() + "|" + c.continuation())
                .toList();
    }

    @Test
    void hellaSwagJoinsLabelAndContextsAndCleansThem() {
        ChoiceItem item = ChoiceFormat.HELLASWAG.item(record("""
                {'activity_label': 'Roof', 'ctx_a': 'A man [header] sits.', 'ctx_b': 'he STARTS  now', 'label': '1',
                 'endings': ['falls [title] Down [step] it.', 'rips.']}"""));
        assertThat(prompts(item))
                .containsExactly(
                        "Roof: A man sits. He starts now| falls. Down it.", "Roof: A man sits. He starts now| rips.");
        assertThat(item.gold()).isEqualTo(1);
    }

    @Test
    void piqaAndArcAsk() {
        assertThat(prompts(ChoiceFormat.PIQA.item(
                        record("{'goal': 'Boil an egg', 'sol1': 'Use water.', 'sol2': 'Use sand.', 'label': 0}"))))
                .containsExactly(
                        "Question: Boil an egg\nAnswer:| Use water.", "Question: Boil an egg\nAnswer:| Use sand.");
        ChoiceItem arc = ChoiceFormat.ARC.item(record("""
                {'question': 'Which?', 'choices': {'text': ['one', 'two', 'three'], 'label': ['1', '2', '3']},
                 'answerKey': '3'}"""));
        assertThat(prompts(arc)).startsWith("Question: Which?\nAnswer:| one");
        assertThat(arc.gold()).isEqualTo(2);
    }

    @Test
    void questionsThatAreWrittenOutAreNotAskedTwice() {
        ChoiceItem item =
                ChoiceFormat.PIQA.item(record("{'query': 'Question: How?\\n', 'choices': ['so', 'thus'], 'gold': 1}"));
        assertThat(prompts(item)).containsExactly("Question: How?\nAnswer:| so", "Question: How?\nAnswer:| thus");
    }

    @Test
    void openBookQaOnlyBegins() {
        ChoiceItem item = ChoiceFormat.OPENBOOKQA.item(record("""
                {'question_stem': 'Frogs are', 'choices': {'text': ['green', 'blue'], 'label': ['A', 'B']},
                 'answerKey': 'A'}"""));
        assertThat(prompts(item)).containsExactly("Frogs are| green", "Frogs are| blue");
    }

    @Test
    void winograndeScoresTheRestBehindEitherOption() {
        ChoiceItem item = ChoiceFormat.WINOGRANDE.item(record("""
                {'sentence': 'Ann thanked Bo because _ had helped.', 'option1': 'Ann', 'option2': 'Bo', 'answer': '2'}"""));
        assertThat(prompts(item))
                .containsExactly("Ann thanked Bo because Ann| had helped.", "Ann thanked Bo because Bo| had helped.");
        assertThat(item.gold()).isEqualTo(1);
        assertThat(ChoiceFormat.WINOGRANDE.item(
                        record("{'context_options': ['so Ann', 'so Bo'], 'continuation': 'ran.', 'gold': 0}")))
                .extracting(ChoiceFormatTest::prompts)
                .isEqualTo(List.of("so Ann| ran.", "so Bo| ran."));
    }

    @Test
    void mmluOffersLetters() {
        ChoiceItem item = ChoiceFormat.MMLU.item(record("""
                {'question': ' What? ', 'choice0': 'p', 'choice1': 'q', 'choice2': 'r', 'choice3': 's', 'answer': '2'}"""));
        assertThat(prompts(item)).contains("What?\nA. p\nB. q\nC. r\nD. s\nAnswer:| C");
        assertThat(item.gold()).isEqualTo(2);
        assertThat(item.solved()).isEqualTo("What?\nA. p\nB. q\nC. r\nD. s\nAnswer: C");
    }

    @Test
    void ai2sFilesNestTheirQuestions() {
        EvalRecord record = record("""
                {'id': 'M1', 'answerKey': 'C', 'question': {'stem': 'Which?', 'choices': [
                 {'text': 'one', 'label': 'A'}, {'text': 'two', 'label': 'B'}, {'text': 'three', 'label': 'C'}]}}""");
        ChoiceItem arc = ChoiceFormat.ARC.item(record);
        assertThat(prompts(arc))
                .containsExactly(
                        "Question: Which?\nAnswer:| one",
                        "Question: Which?\nAnswer:| two",
                        "Question: Which?\nAnswer:| three");
        assertThat(arc.gold()).isEqualTo(2);
        assertThat(prompts(ChoiceFormat.OPENBOOKQA.item(record)))
                .containsExactly("Which?| one", "Which?| two", "Which?| three");
        assertThatThrownBy(() -> ChoiceFormat.ARC.item(record("{'question': {'stem': 's'}, 'answerKey': 'A'}")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("f.jsonl line 7, field \"question\" has no field \"choices\"");
        assertThatThrownBy(() -> ChoiceFormat.ARC.item(
                        record("{'question': {'stem': 's', 'choices': [{'text': 'a'}]}, 'answerKey': 'A'}")))
                .hasMessageContaining("a list of objects with a text \"label\"");
    }

    @Test
    void brokenRecordsAreNamedByPlaceAndField() {
        assertThatThrownBy(() -> ChoiceFormat.HELLASWAG.item(record("{'ctx_a': 'A'}")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("f.jsonl line 7")
                .hasMessageContaining("\"endings\"");
        assertThatThrownBy(() -> ChoiceFormat.PIQA.item(record("{'query': 'q', 'choices': ['a', 'b'], 'gold': 2}")))
                .hasMessageContaining("\"gold\" is 2, but must be in 0..1");
        assertThatThrownBy(() -> ChoiceFormat.PIQA.item(record("{'query': 'q', 'choices': ['a'], 'gold': 0}")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(
                        "f.jsonl line 7 has 1 choice, but the likeliest of at least 2 is asked for: mend or remove the"
                                + " record");
        assertThatThrownBy(() -> LastWordTask.Passage.of(record("{'context': 'a b', 'continuation': ' '}")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("f.jsonl line 7: field \"continuation\" has no word");
        assertThatThrownBy(() -> ChoiceFormat.WINOGRANDE.item(
                        record("{'sentence': 'no blank', 'option1': 'a', 'option2': 'b', 'answer': '1'}")))
                .hasMessageContaining("no \"_\"");
    }
}
