package io.yoco4j.eval.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.eval.data.SmallParquet.Field;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files with the schemas of the published datasets. */
class ParquetRecordsTest {
    @TempDir
    private Path folder;

    private Path hellaswag() throws IOException {
        return new SmallParquet(
                        Field.int32("ind"),
                        Field.text("activity_label"),
                        Field.text("ctx_a"),
                        Field.text("ctx_b"),
                        Field.texts("endings"),
                        Field.text("label"))
                .group(List.of(
                        Map.of(
                                "ind", 24,
                                "activity_label", "Roof shingle removal",
                                "ctx_a", "A man is sitting on a roof. \"Größe\" 東京",
                                "ctx_b", "he",
                                "endings",
                                        List.of("is using wrap.", "is ripping level tiles off.", "", "holds a cube."),
                                "label", "3"),
                        Map.of("ind", -1, "activity_label", "Other", "endings", List.of(), "label", "")))
                .group(List.of(Map.of("ind", 25, "endings", List.of("one", "two"), "label", "0")))
                .write(folder.resolve("hellaswag.parquet"));
    }

    private Path arc() throws IOException {
        return new SmallParquet(
                        Field.text("id"),
                        Field.text("question"),
                        Field.struct("choices", Field.texts("text"), Field.texts("label")),
                        Field.text("answerKey"),
                        Field.int64("grade"))
                .group(List.of(
                        Map.of(
                                "id", "Mercury_1",
                                "question", "Which is a planet?",
                                "choices",
                                        Map.of("text", List.of("Sun", "Mars", "Moon"), "label", List.of("A", "B", "C")),
                                "answerKey", "B",
                                "grade", 1L << 40),
                        Map.of(
                                "id", "NYSEDREGENTS_2",
                                "question", "What melts?",
                                "choices",
                                        Map.of(
                                                "text", List.of("ice", "steam", "fog", "rain", "dew"),
                                                "label", List.of("1", "2", "3", "4", "5")),
                                "answerKey", "1"),
                        Map.of("id", "none"),
                        Map.of("id", "half", "choices", Map.of("text", List.of("only")))))
                .write(folder.resolve("arc_easy.parquet"));
    }

    @Test
    void hellaswagsRowsAreRead() throws IOException {
        List<EvalRecord> records = RecordReader.read(hellaswag());
        assertThat(records).extracting(r -> r.fields().toString()).containsExactly("""
                {"ind":24,"activity_label":"Roof shingle removal","ctx_a":"A man is sitting on a roof. \\"Größe\\" 東京",\
                "ctx_b":"he","endings":["is using wrap.","is ripping level tiles off.","","holds a cube."],"label":"3"}\
                """, """
                {"ind":-1,"activity_label":"Other","ctx_a":null,"ctx_b":null,"endings":[],"label":""}\
                """, """
                {"ind":25,"activity_label":null,"ctx_a":null,"ctx_b":null,"endings":["one","two"],"label":"0"}\
                """);
        assertThat(records.getFirst().integer("label", 0, 3)).isEqualTo(3);
        assertThat(records.getFirst().integer("ind", 0, 99)).isEqualTo(24);
        assertThat(records.getLast().texts("endings")).containsExactly("one", "two");
        assertThat(records.getLast().place()).endsWith("hellaswag.parquet row 3");
    }

    @Test
    void arcsNestedChoicesAreRead() throws IOException {
        List<EvalRecord> records = RecordReader.read(arc());
        assertThat(records.get(0).texts("choices", "text")).containsExactly("Sun", "Mars", "Moon");
        assertThat(records.get(0).texts("choices", "label")).containsExactly("A", "B", "C");
        assertThat(records.get(0).fields().get("grade").longValue()).isEqualTo(1L << 40);
        assertThat(records.get(1).texts("choices", "text")).containsExactly("ice", "steam", "fog", "rain", "dew");
        assertThat(records.get(1).texts("choices", "label")).containsExactly("1", "2", "3", "4", "5");
        assertThat(records.get(1).text("answerKey")).isEqualTo("1");
        assertThat(records.get(2).has("choices")).isFalse();
        assertThatThrownBy(() -> records.get(2).texts("choices", "text"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("arc_easy.parquet row 3 has no field \"choices\"");
        assertThat(records.get(3).texts("choices", "text")).containsExactly("only");
        assertThatThrownBy(() -> records.get(3).texts("choices", "label"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("arc_easy.parquet row 4")
                .hasMessageContaining("label");
    }

    @Test
    void aFileThatWasCutIsNamed() throws IOException {
        for (Path whole : List.of(hellaswag(), arc())) {
            byte[] bytes = Files.readAllBytes(whole);
            Path cut = folder.resolve("cut.parquet");
            for (int length = 0; length < bytes.length; length++) {
                Files.write(cut, Arrays.copyOf(bytes, length));
                assertThatThrownBy(() -> RecordReader.read(cut))
                        .as("%d bytes of %s", length, whole)
                        .isInstanceOf(InvalidInputException.class)
                        .hasMessageStartingWith(cut + " cannot be read as a Parquet file (")
                        .hasMessageEndingWith("): fetch or write it again");
            }
        }
    }

    /** A footer whose pages are gone, as when a download went on in the wrong place. */
    @Test
    void aFileWithoutItsMiddleIsNamed() throws IOException {
        byte[] bytes = Files.readAllBytes(hellaswag());
        byte[] missing = new byte[bytes.length / 2];
        System.arraycopy(bytes, bytes.length - missing.length, missing, 0, missing.length);
        Path file = Files.write(folder.resolve("end.parquet"), missing);
        assertThatThrownBy(() -> RecordReader.read(file))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(file + " cannot be read as a Parquet file (");
    }

    /** The library by itself reads on without end where a page's header declares more than there is. */
    @Test
    void pagesThatDeclareTooMuchAreRefused() throws IOException {
        byte[] bytes = Files.readAllBytes(hellaswag());
        for (int at = 8; at < 14; at++) { // sizes and counts in the header of the first page
            byte[] damaged = bytes.clone();
            damaged[at] = (byte) 0x7e;
            Path file = Files.write(folder.resolve("page" + at + ".parquet"), damaged);
            assertThatThrownBy(() -> RecordReader.read(file))
                    .as("byte %d", at)
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageStartingWith(file + " cannot be read as a Parquet file (");
        }
    }

    /** As where a schema without columns makes rows without end of the library's. */
    @Test
    void anyByteMayBeDamaged() throws IOException {
        byte[] bytes = Files.readAllBytes(new SmallParquet(Field.text("query"), Field.int32("gold"))
                .group(List.of(Map.of("query", "one", "gold", 1), Map.of("query", "two", "gold", 0)))
                .write(folder.resolve("whole.parquet")));
        Path file = folder.resolve("damaged.parquet");
        for (int at = 0; at < bytes.length; at++) {
            for (int value : new int[] {0, 0x7f}) {
                byte[] damaged = bytes.clone();
                damaged[at] = (byte) value;
                Files.write(file, damaged);
                try {
                    assertThat(RecordReader.read(file)).hasSizeLessThanOrEqualTo(2);
                } catch (InvalidInputException e) {
                    assertThat(e).hasMessageContaining(file.toString());
                }
            }
        }
    }
}
