package io.yoco4j.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SourcesTest {
    @TempDir
    Path dir;

    @Test
    void folderInTheOrderOfItsPaths() throws IOException {
        write("src/b/Two.java", "class Two {}");
        write("src/a/One.java", "class One {}");
        write("src/notes.md", "# Notes");
        write("src/image.png", "no text by its name");
        write("src/.git/hooks/run.sh", "hidden");
        write("src/Nul.java", "a\0b");
        Files.write(dir.resolve("src/Latin1.java"), new byte[] {'a', (byte) 0xE9, 'b'});
        write("src/Empty.java", "");
        assertThat(read(dir + "/src"))
                .containsExactly("a/One.java=class One {}", "b/Two.java=class Two {}", "notes.md=# Notes");
        assertThat(read(dir + "/src!**/*.java")).containsExactly("a/One.java=class One {}", "b/Two.java=class Two {}");
        assertThat(read(dir + "/src!b/*,*.md")).containsExactly("b/Two.java=class Two {}", "notes.md=# Notes");
        assertThat(read(dir + "/src!.git/**")).containsExactly(".git/hooks/run.sh=hidden");
    }

    @Test
    void aLinkToAFolderIsTheFolder() throws IOException {
        write("far/a.txt", "one");
        write("far/in/b.txt", "two");
        Files.createSymbolicLink(dir.resolve("near"), dir.resolve("far"));
        // Within, they may lead in circles.
        Files.createSymbolicLink(dir.resolve("far/in/round"), dir.resolve("far"));
        assertThat(read(dir + "/near")).containsExactly("a.txt=one", "in/b.txt=two");
    }

    @Test
    void foldersHoldDataFiles() throws IOException {
        write("data/a.jsonl", "{\"text\":\"one\"}\n{\"text\":\"two\"}\n");
        write("data/b.txt", "three");
        gzip("data/c.txt.gz", "four");
        TinyParquet.write(
                dir.resolve("data/d.parquet"), "text", List.of(Optional.of("five")), TinyParquet.Codec.UNCOMPRESSED);
        assertThat(texts(dir + "/data!**/*.{jsonl,txt,txt.gz,parquet}"))
                .containsExactly("one", "two", "three", "four", "five");
    }

    @ParameterizedTest
    @ValueSource(strings = {"members.zip", "members.jar"})
    void archive(String name) throws IOException {
        zip(name, Map.of("x/B.java", "class B {}", "x/A.kt", "class A", "x/C.class", "binary", "README.md", "read"));
        assertThat(read(dir + "/" + name)).containsExactly("README.md=read", "x/A.kt=class A", "x/B.java=class B {}");
        assertThat(read(dir + "/" + name + "!**/*.java,**/*.kt"))
                .containsExactly("x/A.kt=class A", "x/B.java=class B {}");
    }

    @Test
    void archiveMembersAreBounded() throws IOException {
        Path file = dir.resolve("bomb.zip");
        try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
            zip.putNextEntry(new ZipEntry("bomb.txt"));
            byte[] block = new byte[1 << 20];
            Arrays.fill(block, (byte) 'a');
            for (int i = 0; i < 17; i++) {
                zip.write(block);
            }
            zip.putNextEntry(new ZipEntry("fine.txt"));
            zip.write("fine".getBytes(StandardCharsets.UTF_8));
        }
        assertThat(texts(file.toString())).containsExactly("fine");
        // The central directory declares 3 bytes where 17 MB unpack.
        byte[] bytes = Files.readAllBytes(file);
        int entry = indexOf(bytes, new byte[] {'P', 'K', 1, 2, 20, 0, 20, 0});
        Arrays.fill(bytes, entry + 24, entry + 28, (byte) 0);
        bytes[entry + 24] = 3;
        Files.write(file, bytes);
        for (String text : texts(file.toString())) {
            assertThat(text.length()).isLessThanOrEqualTo(TextDecoding.MAX_DOCUMENT_BYTES);
        }
    }

    @Test
    void brokenArchive() throws IOException {
        write("broken.zip", "PK but no zip");
        assertRefused(dir + "/broken.zip", "broken.zip is not a complete zip or jar file");
    }

    @Test
    void smallTextIsOneDocument() throws IOException {
        write("a.txt", "\uFEFFone\n\ntwo\n");
        assertThat(read(dir + "/a.txt")).containsExactly(dir + "/a.txt=one\n\ntwo\n");
        gzip("a.txt.gz", "one\n\ntwo\n");
        assertThat(texts(dir + "/a.txt.gz")).containsExactly("one\n\ntwo\n");
    }

    @Test
    void largeTextIsCutAtBlankLines() throws IOException {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 40_000; i++) {
            text.append("Line number ").append(i).append(i % 7 == 6 ? "\n\n" : "\n");
        }
        write("big.txt", text.toString());
        gzip("big.txt.gz", text.toString());
        for (String file : List.of("big.txt", "big.txt.gz")) {
            List<String> chunks = texts(dir + "/" + file);
            assertThat(String.join("", chunks)).isEqualTo(text.toString());
            assertThat(chunks.size()).isBetween(10, 70);
            assertThat(chunks.subList(0, chunks.size() - 1)).allMatch(c -> c.endsWith("\n\n"));
        }
        // Within a folder a text of up to 1 MB stays whole.
        assertThat(texts(dir + "!big.txt")).hasSize(1);
    }

    @Test
    void textWithoutLineEndsIsCutBetweenCodePoints() throws IOException {
        String text = "a" + "\uD83D\uDE00".repeat(100_000);
        write("emoji.txt", text);
        List<String> chunks = texts(dir + "/emoji.txt");
        assertThat(chunks.size()).isGreaterThan(5);
        assertThat(chunks).allMatch(c -> TextDecoding.wellFormed(c).equals(c));
        assertThat(String.join("", chunks)).isEqualTo(text);
    }

    @Test
    void malformedText() throws IOException {
        Files.write(dir.resolve("latin1.txt"), new byte[] {'a', (byte) 0xE9, 'b'});
        assertRefused(dir + "/latin1.txt", "latin1.txt is not UTF-8 text");
        gzip("cut.txt.gz", "some text that is long enough to be cut");
        byte[] bytes = Files.readAllBytes(dir.resolve("cut.txt.gz"));
        Files.write(dir.resolve("cut.txt.gz"), Arrays.copyOf(bytes, bytes.length - 12));
        assertRefused(dir + "/cut.txt.gz", "cut.txt.gz is not a complete gzip file");
        write("none.jsonl.gz", "not packed");
        assertRefused(dir + "/none.jsonl.gz", "none.jsonl.gz is not a complete gzip file");
    }

    @Test
    void jsonLines() throws IOException {
        String lines = "{\"id\":1,\"text\":\"a\\nb\",\"meta\":{\"text\":\"inner\"}}\n\n  \r\n{\"text\":\"\"}\r\n"
                + "{\"text\":\"\\ud83d\\ude00 \\ud800!\"}";
        write("a.jsonl", lines);
        gzip("a.jsonl.gz", lines);
        assertThat(read(dir + "/a.jsonl"))
                .containsExactly(dir + "/a.jsonl:1=a\nb", dir + "/a.jsonl:5=\uD83D\uDE00 \uFFFD!");
        assertThat(texts(dir + "/a.jsonl.gz")).containsExactly("a\nb", "\uD83D\uDE00 \uFFFD!");
    }

    @Test
    void jsonLinesThatAreTooLongArePassedOver() throws IOException {
        String wide = "\u4E2D".repeat((16 << 20) / 3 + 1);
        write(
                "long.jsonl",
                "{\"text\":\"" + "a".repeat(21_000_000) + "\"}\n{\"text\":\"" + wide + "\"}\n{\"text\":\"b\"}\n");
        assertThat(texts(dir + "/long.jsonl")).containsExactly("b");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"text\": \"open|is not valid JSON",
                "[\"text\"]|is not a JSON object",
                "{\"content\": \"x\"}|has no field \"text\"",
                "{\"text\": 3}|has a field \"text\" that is no string",
                "{\"text\": \"x\"} {}|has more than one JSON value",
                "{\"text\": \"x\"|is not valid JSON"
            })
    void brokenJsonLine(String line, String message) throws IOException {
        write("bad.jsonl", "{\"text\":\"fine\"}\n" + line + "\n");
        assertRefused(dir + "/bad.jsonl", "bad.jsonl, line 2, " + message);
    }

    @ParameterizedTest
    @EnumSource(TinyParquet.Codec.class)
    void parquet(TinyParquet.Codec codec) throws IOException {
        Path file = dir.resolve("a.parquet");
        String longText = "many words ".repeat(500);
        TinyParquet.write(
                file,
                "text",
                List.of(Optional.of("one \u00E9"), Optional.empty(), Optional.of(""), Optional.of(longText)),
                codec);
        assertThat(read(file.toString())).containsExactly(file + "#1=one \u00E9", file + "#4=" + longText);
    }

    @Test
    void brokenParquet() throws IOException {
        Path file = dir.resolve("a.parquet");
        TinyParquet.write(file, "content", List.of(Optional.of("x")), TinyParquet.Codec.UNCOMPRESSED);
        assertRefused(file.toString(), "a.parquet has no column \"text\" (its columns: content)");
        TinyParquet.write(file, "text", List.of(Optional.of("x".repeat(300))), TinyParquet.Codec.UNCOMPRESSED);
        byte[] bytes = Files.readAllBytes(file);
        for (int cut : new int[] {bytes.length - 1, bytes.length - 9, bytes.length / 2, 9}) {
            Files.write(file, Arrays.copyOf(bytes, cut));
            assertRefused(file.toString(), "a.parquet cannot be read as a Parquet file");
        }
        // The page's compressed size: more than the file holds.
        int size = indexOf(bytes, new byte[] {0x15, (byte) 0xEC, 0x04, 0x2C}) + 2;
        bytes[size] = 0x7F;
        Files.write(file, bytes);
        assertRefused(file.toString(), "a.parquet cannot be read as a Parquet file");
        Files.writeString(file, "no parquet");
        assertRefused(file.toString(), "a.parquet cannot be read as a Parquet file");
    }

    @Test
    void jdkSources() throws IOException {
        Path home = dir.resolve("jdk");
        var environment = new Sources.Environment(home, maven("nowhere"));
        assertThatThrownBy(() -> Sources.parse("jdk", environment))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("has no lib/src.zip: install the JDK's sources")
                .hasMessageContaining("maven:");
        zip(
                "jdk/lib/src.zip",
                Map.of("java.base/java/util/List.java", "list", "java.base/a.properties", "p", "x/Y.java", "y"));
        assertThat(read(Sources.parse("jdk", environment).source()))
                .containsExactly("java.base/java/util/List.java=list", "x/Y.java=y");
        assertThat(read(Sources.parse("2*jdk!java.base/java/util/**", environment)
                        .source()))
                .containsExactly("java.base/java/util/List.java=list");
    }

    @Test
    void mavenCoordinates() throws IOException {
        zip("remote/org/example/lib/1.0/lib-1.0-sources.jar", Map.of("org/example/Lib.java", "lib", "x.md", "x"));
        var environment = new Sources.Environment(dir, maven("remote"));
        WeightedSource source = Sources.parse("0.5*maven:org.example:lib:1.0!**/*.java", environment);
        assertThat(source.weight()).isEqualTo(0.5);
        assertThat(read(source.source())).containsExactly("org/example/Lib.java=lib");
        // Now it is in the local repository: the remote one is needed no more.
        Files.delete(dir.resolve("remote/org/example/lib/1.0/lib-1.0-sources.jar"));
        assertThat(read(Sources.parse("maven:org.example:lib:1.0", environment).source()))
                .containsExactly("org/example/Lib.java=lib", "x.md=x");
        assertThatThrownBy(() -> Sources.parse("maven:org.example:lib:2.0", environment))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("maven:org.example:lib:2.0 has no sources jar");
        assertThatThrownBy(() -> Sources.parse("maven:org.example", environment))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("must have the form maven:GROUP:ARTIFACT:VERSION");
    }

    @Test
    void mavenJarsOfData() throws IOException {
        zip("remote/org/example/data/1.0/data-1.0.jar", Map.of("x/data.noun", "1 cat | a pet", "x/y.txt", "no"));
        var environment = new Sources.Environment(dir, maven("remote"));
        assertThat(read(Sources.parse("maven:org.example:data:1.0:jar!**/data.*=~\\| (.+)", environment)
                        .source()))
                .containsExactly("x/data.noun=a pet\n");
        assertThatThrownBy(() -> Sources.parse("maven:org.example:data:1.0", environment))
                .hasMessageContaining("has no sources jar");
        assertThatThrownBy(() -> Sources.parse("maven:org.example:data:2.0:jar", environment))
                .hasMessageContaining("maven:org.example:data:2.0:jar has no jar");
    }

    @Test
    void patternsTakeWhatTheyFind() throws IOException {
        write("words.txt", "1 cat | a pet  \n2 dog, hound | \"a friend\", it is said\nno bar\n");
        write("bars/a.md", "x | y");
        write("bars/b.md", "nothing");
        assertThat(texts(dir + "/words.txt=~\\| (.+)")).containsExactly("a pet\n\"a friend\", it is said\n");
        assertThat(texts(dir + "/words.txt=~[a-z]+(?=,)")).containsExactly("dog\n");
        assertThat(read(dir + "/bars!*.md=~\\| (.+)")).containsExactly("a.md=y\n");
        assertRefused(dir + "/words.txt=~xyz", "holds no document");
        assertRefused(dir + "/words.txt=~(", "has the pattern (, which is none");
        String many = "n | some gloss that is a line\n".repeat(20_000);
        write("many.txt", many);
        List<String> chunks = texts(dir + "/many.txt=~\\| (.+)");
        assertThat(chunks).hasSizeGreaterThan(20).allSatisfy(c -> assertThat(c).endsWith("line\n"));
        assertThat(String.join("", chunks)).isEqualTo(many.replace("n | ", ""));
    }

    @Test
    void mavenSettings() throws IOException {
        zip("mirror/org/example/lib/1.0/lib-1.0-sources.jar", Map.of("Lib.java", "from the mirror"));
        Path settings = dir.resolve("settings.xml");
        String xml = """
                <settings>
                  <localRepository>%s</localRepository>
                  <offline>%s</offline>
                  <mirrors><mirror><id>m</id><url>%s</url><mirrorOf>central</mirrorOf></mirror></mirrors>
                  <proxies><proxy><host>localhost</host><port>3128</port><active>false</active></proxy></proxies>
                </settings>
                """;
        Path local = dir.resolve("local");
        Files.writeString(
                settings, xml.formatted(local, true, dir.resolve("mirror").toUri()));
        String coordinates = "maven:org.example:lib:1.0";
        assertThatThrownBy(() -> Sources.parse(coordinates, environment(settings)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("Maven is set to be offline");
        Files.writeString(
                settings, xml.formatted(local, false, dir.resolve("mirror").toUri()));
        assertThat(texts(Sources.parse(coordinates, environment(settings)).source()))
                .containsExactly("from the mirror");
        assertThat(local.resolve("org/example/lib/1.0/lib-1.0-sources.jar")).exists();
        Files.writeString(settings, "<settings>");
        assertThatThrownBy(() -> environment(settings))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("settings.xml is not valid XML");
    }

    @Test
    void weights() throws IOException {
        write("a.txt", "a");
        assertThat(Sources.parse(dir + "/a.txt").weight()).isEqualTo(1);
        assertThat(Sources.parse("0.3*" + dir + "/a.txt").weight()).isEqualTo(0.3);
        assertThat(Sources.parse("1e-3*" + dir + "/a.txt").weight()).isEqualTo(0.001);
        for (String weight : List.of("0", "-1", "1e999", "1.2.3")) {
            assertRefused(weight + "*" + dir + "/a.txt", "the weight of source \"" + weight + "*");
        }
        // The weight is no part of the name.
        assertThat(Sources.parse("2*" + dir + "/a.txt").source().name()).isEqualTo(dir + "/a.txt");
    }

    @Test
    void missingAndEmpty() throws IOException {
        assertRefused(dir + "/none", "none does not exist");
        assertRefused("", "names no location");
        assertRefused("2*", "names no location");
        Files.createDirectories(dir.resolve("empty"));
        assertRefused(dir + "/empty", "empty holds no document: no file below it");
        write("nul.java", "a\0b");
        assertRefused(dir + "/nul.java", "nul.java holds no document (passed over: 1 not UTF-8 text)");
        write("blank.txt", "");
        assertRefused(dir + "/blank.txt", "blank.txt holds no document");
        write("a.txt", "a");
        assertRefused(dir + "/a.txt!*.md", "neither a folder nor a zip or jar file");
        assertRefused(dir + "!*.md,,*.txt", "has an empty entry");
        assertRefused(dir + "!*.{md", "has an open brace");
        assertRefused(dir + "!*.none", "holds no document: correct the globs");
    }

    private Sources.Environment environment(Path settings) {
        var read = MavenSettings.read(settings, dir.resolve("unused"));
        return new Sources.Environment(
                dir, new MavenRepository(read, dir.resolve("central").toUri().toString()));
    }

    private MavenRepository maven(String remote) {
        return new MavenRepository(
                MavenSettings.of(dir.resolve("m2")), dir.resolve(remote).toUri().toString());
    }

    private void assertRefused(String spec, String message) {
        assertThatThrownBy(() -> read(spec))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(message);
    }

    private static List<String> read(String spec) {
        return read(Sources.parse(spec).source());
    }

    private static List<String> read(DocumentSource source) {
        try (var documents = source.documents()) {
            return documents.map(d -> d.id() + "=" + d.text()).collect(Collectors.toList());
        }
    }

    private static List<String> texts(String spec) {
        return texts(Sources.parse(spec).source());
    }

    private static List<String> texts(DocumentSource source) {
        try (var documents = source.documents()) {
            return documents.map(Document::text).collect(Collectors.toList());
        }
    }

    private void write(String path, String text) throws IOException {
        Path file = dir.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private void gzip(String path, String text) throws IOException {
        Path file = dir.resolve(path);
        Files.createDirectories(file.getParent());
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
    }

    /** Members are stored in descending order: the source must sort them. */
    private void zip(String path, Map<String, String> members) throws IOException {
        Path file = dir.resolve(path);
        Files.createDirectories(file.getParent());
        try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
            for (var member : new TreeMap<>(members).descendingMap().entrySet()) {
                zip.putNextEntry(new ZipEntry(member.getKey()));
                zip.write(member.getValue().getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    private static int indexOf(byte[] bytes, byte[] mark) {
        for (int i = 0; i <= bytes.length - mark.length; i++) {
            if (Arrays.equals(bytes, i, i + mark.length, mark, 0, mark.length)) {
                return i;
            }
        }
        throw new AssertionError("no central directory entry");
    }
}
