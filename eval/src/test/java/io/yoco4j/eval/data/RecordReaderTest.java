package io.yoco4j.eval.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecordReaderTest {
    @TempDir
    private Path folder;

    private Path write(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    @Test
    void jsonLinesKnowTheirLines() throws IOException {
        List<EvalRecord> records = RecordReader.read(write("a.jsonl", "{\"x\": \"1\"}\n\n{\"x\": [\"p\", \"q\"]}\n"));
        assertThat(records).hasSize(2);
        assertThat(records.get(0).integer("x", 0, 1)).isOne();
        assertThat(records.get(1).texts("x")).containsExactly("p", "q");
        assertThat(records.get(1).place()).endsWith("a.jsonl line 3");
    }

    @Test
    void aByteOrderMarkIsNoPartOfTheFirstLine() throws IOException {
        List<EvalRecord> records = RecordReader.read(write("a.jsonl", "\ufeff{\"x\": \"1\"}\n"));
        assertThat(records.getFirst().text("x")).isEqualTo("1");
    }

    @Test
    void csvHasNamesAndMayHaveLineBreaks() throws IOException {
        List<EvalRecord> records = RecordReader.read(write("a.csv", "q,a\n\"one, \"\"two\"\"\nthree\",4\n"));
        assertThat(records).hasSize(1);
        assertThat(records.getFirst().text("q")).isEqualTo("one, \"two\"\nthree");
        assertThat(records.getFirst().integer("a", 0, 9)).isEqualTo(4);
    }

    @Test
    void brokenLinesAreNamed() throws IOException {
        refused(write("a.jsonl", "{\"x\": 1}\n{\"x\": \n"), "a.jsonl line 2 is not a JSON object");
        refused(write("b.jsonl", "[1]\n"), "b.jsonl line 1 is not a JSON object");
        refused(write("c.jsonl", "{\"x\": 1, \"x\": 2}\n"), "c.jsonl line 1");
        refused(write("d.jsonl", "\n"), "d.jsonl has no record");
        refused(write("e.csv", "q,a\none\n"), "e.csv row 1");
        refused(write("f.parquet", "PAR1 not really"), "f.parquet cannot be read as a Parquet file");
        refused(write("g.txt", "x"), "g.txt ends in none of .jsonl, .csv, .parquet");
        refused(folder.resolve("h.jsonl"), "h.jsonl is missing");
        Files.write(folder.resolve("i.jsonl"), new byte[] {'{', (byte) 0xff, '}'});
        refused(folder.resolve("i.jsonl"), "i.jsonl is not UTF-8");
    }

    private static void refused(Path file, String message) {
        assertThatThrownBy(() -> RecordReader.read(file))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(message);
    }

    @Test
    void fieldsOfAnotherKindAreNamed() throws IOException {
        EvalRecord record = RecordReader.read(write("a.jsonl", "{\"x\": 1.5, \"y\": [], \"z\": [1]}\n"))
                .getFirst();
        assertThatThrownBy(() -> record.text("x"))
                .hasMessageContaining("line 1: field \"x\" is 1.5, but must be a text");
        assertThatThrownBy(() -> record.integer("x", 0, 9)).hasMessageContaining("must be a whole number");
        assertThatThrownBy(() -> record.texts("y")).hasMessageContaining("a list of texts that is not empty");
        assertThatThrownBy(() -> record.texts("z")).hasMessageContaining("must be a list of texts");
        assertThatThrownBy(() -> record.text("w"))
                .hasMessageContaining("line 1 has no field \"w\" (its fields: x, y, z)");
    }
}
