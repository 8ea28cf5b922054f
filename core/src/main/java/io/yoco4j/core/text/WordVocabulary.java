package io.yoco4j.core.text;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.yoco4j.core.InvalidInputException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A closed vocabulary of words between blanks, an id each: for sequences that a program makes. What is no word of it becomes
 * the first.
 *
 * @param words by id, at least one; none is empty or has a blank, none comes twice
 */
public record WordVocabulary(List<String> words) {

    public WordVocabulary {
        words = List.copyOf(words);
        if (words.isEmpty()) {
            throw new InvalidInputException("a vocabulary has no word, but needs at least one");
        }
        Set<String> seen = new HashSet<>();
        for (String word : words) {
            if (word.isEmpty() || word.chars().anyMatch(Character::isWhitespace) || !seen.add(word)) {
                throw new InvalidInputException(
                        "the word \"" + word + "\" is empty, has a blank or comes twice: name it otherwise");
            }
        }
    }

    /** The text of a tokenizer.json that {@link Tokenizer} and the Hugging Face tokenizers library read. */
    public String json() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("version", "1.0").putNull("truncation").putNull("padding");
        root.putArray("added_tokens");
        root.putNull("normalizer");
        root.putObject("pre_tokenizer").put("type", "WhitespaceSplit");
        root.putNull("post_processor").putNull("decoder");
        ObjectNode model = root.putObject("model").put("type", "WordLevel");
        ObjectNode vocabulary = model.putObject("vocab");
        for (int id = 0; id < words.size(); id++) {
            vocabulary.put(words.get(id), id);
        }
        model.put("unk_token", words.getFirst());
        return root.toPrettyString() + "\n";
    }
}
