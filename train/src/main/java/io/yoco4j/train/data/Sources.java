package io.yoco4j.train.data;

import io.yoco4j.core.InvalidInputException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * Sources from their short form, {@code [WEIGHT*]LOCATION[!GLOB[,GLOB...]][=~PATTERN]}.
 *
 * <table>
 * <caption>Locations</caption>
 * <tr><td>a folder</td><td>its files, recursively, in the order of their paths. A {@code .jsonl}, {@code .parquet} or
 *     {@code .gz} file that a glob names is read as below; a {@code .txt} file of over 1 MB comes in chunks; any other is
 *     one document</td></tr>
 * <tr><td>{@code .zip}, {@code .jar}</td><td>its members, a document each, in the order of their names</td></tr>
 * <tr><td>{@code .txt}, {@code .txt.gz}</td><td>up to 64 KB one document; larger ones are cut at blank lines into chunks
 *     of a 64th of the file, at least 16 KB and at most 1 MB each</td></tr>
 * <tr><td>{@code .jsonl}, {@code .jsonl.gz}</td><td>the field {@code text} of the object on each line</td></tr>
 * <tr><td>{@code .parquet}</td><td>the column {@code text}; uncompressed, Snappy, GZIP or Zstandard pages</td></tr>
 * <tr><td>any other file</td><td>one document</td></tr>
 * <tr><td>{@code jdk}</td><td>the sources of the running JDK, {@code lib/src.zip}; {@code **}{@code /*.java} without
 *     globs</td></tr>
 * <tr><td>{@code maven:GROUP:ARTIFACT:VERSION}</td><td>the artifact's sources jar, from the local Maven repository or
 *     Maven Central (mirrors, proxies, offline and the local repository's place as settings.xml has them)</td></tr>
 * <tr><td>{@code maven:GROUP:ARTIFACT:VERSION:jar}</td><td>the artifact itself: a jar of data</td></tr>
 * </table>
 *
 * <p>Globs apply to folders and archives: {@code *} and {@code ?} within a path segment, {@code **} across segments,
 * {@code {a,b}} alternatives. Without globs, files with the extension of a text format are taken (source code, markup and
 * configuration: .java .kt .scala .groovy .py .c .h .cpp .js .ts .md .txt .xml .json .yaml .properties and some more),
 * and hidden folders are left out. Documents are UTF-8 of at most 16 MB: others are passed over, and counted in the log.
 *
 * <p>A pattern ({@link Pattern}) takes the place of each document's text by what it finds there, a line for each find: its
 * first group, or the whole where it has none. So {@code data.noun=~\\| (.+)} keeps what follows the bar of each line. Results
 * of over 64 KB come in chunks, as a {@code .txt} does.
 *
 * <p>Weights: see {@link WeightedSource}.
 */
public final class Sources {
    private static final Pattern WEIGHT = Pattern.compile("([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)\\*(.*)");
    private static final Pattern COORDINATES = Pattern.compile("maven:([\\w.-]+):([\\w.-]+):([\\w.+-]+)(:jar)?");
    private static final String FINDS = "=~";
    private static final Globs JAVA = Globs.ofExtensions(List.of("java"));

    private Sources() {}

    /** What a spec may refer to besides files. */
    record Environment(Path javaHome, MavenRepository maven) {
        static Environment system() {
            return new Environment(Path.of(System.getProperty("java.home")), MavenRepository.ofUser());
        }
    }

    /**
     * The source that {@code spec} names. Files must exist; the sources jar of Maven coordinates is fetched here.
     *
     * @throws InvalidInputException naming the spec, when it is malformed or what it names cannot be had
     */
    public static WeightedSource parse(String spec) {
        return parse(spec, Environment.system());
    }

    /** As {@link #parse(String)}, for each of {@code specs}. */
    public static List<WeightedSource> parse(List<String> specs) {
        return specs.stream().map(Sources::parse).toList();
    }

    /** {@code spec} without its weight: two of the same have the same text. */
    public static String unweighted(String spec) {
        Matcher m = WEIGHT.matcher(spec);
        return m.matches() ? m.group(2) : spec;
    }

    static WeightedSource parse(String spec, Environment environment) {
        Matcher m = WEIGHT.matcher(spec);
        double weight = 1;
        String rest = spec;
        if (m.matches()) {
            weight = weight(spec, m.group(1));
            rest = m.group(2);
        }
        int finds = exists(rest) ? -1 : rest.indexOf(FINDS);
        if (finds < 0) {
            return new WeightedSource(source(spec, rest, rest, Optional.empty(), environment), weight);
        }
        Pattern pattern = pattern(spec, rest.substring(finds + FINDS.length()));
        return new WeightedSource(
                source(spec, rest, rest.substring(0, finds), Optional.of(pattern), environment), weight);
    }

    private static Pattern pattern(String spec, String regex) {
        try {
            return Pattern.compile(regex);
        } catch (PatternSyntaxException e) {
            throw new InvalidInputException(
                    "source " + spec + " has the pattern " + regex + ", which is none (" + e.getDescription()
                            + "): write a regular expression of Java's",
                    e);
        }
    }

    private static double weight(String spec, String number) {
        double weight;
        try {
            weight = Double.parseDouble(number);
        } catch (NumberFormatException e) {
            throw new InvalidInputException(
                    "the weight of source \"" + spec + "\" is " + number + ", but must be a number", e);
        }
        if (!(weight > 0) || Double.isInfinite(weight)) {
            throw new InvalidInputException(
                    "the weight of source \"" + spec + "\" is " + number + ", but must be a number above 0");
        }
        return weight;
    }

    /**
     * @param name for messages and fingerprints: a weight says nothing about what is read, a pattern does
     * @param rest the location and its globs
     */
    private static DocumentSource source(
            String spec, String name, String rest, Optional<Pattern> pattern, Environment environment) {
        int mark = exists(rest) ? -1 : rest.lastIndexOf('!');
        String location = mark < 0 ? rest : rest.substring(0, mark);
        Globs globs = mark < 0 ? null : Globs.parse(rest.substring(mark + 1));
        if (location.isBlank()) {
            throw new InvalidInputException("source \"" + spec
                    + "\" names no location: write [WEIGHT*]LOCATION[!GLOB,...], such as 0.3*src/!**/*.java");
        }
        if (location.equals("jdk")) {
            return archive(name, "sources of the JDK", jdkSources(environment.javaHome()), globs, JAVA, pattern);
        }
        if (location.startsWith("maven:")) {
            Matcher m = COORDINATES.matcher(location);
            if (!m.matches()) {
                throw new InvalidInputException("source " + location
                        + " must have the form maven:GROUP:ARTIFACT:VERSION[:jar], such as"
                        + " maven:org.apache.commons:commons-lang3:3.17.0");
            }
            boolean itself = m.group(4) != null;
            Path jar = environment.maven().jar(m.group(1), m.group(2), m.group(3), itself ? "" : "sources");
            return archive(name, itself ? "jar" : "sources jar", jar, globs, FileSources.TEXT, pattern);
        }
        return file(name, location, globs, pattern);
    }

    private static boolean exists(String location) {
        try {
            return Files.exists(Path.of(location));
        } catch (InvalidPathException _) {
            return false;
        }
    }

    private static Path jdkSources(Path javaHome) {
        Path zip = javaHome.resolve("lib").resolve("src.zip");
        if (!Files.isRegularFile(zip)) {
            throw new InvalidInputException("source jdk: the JDK at " + javaHome
                    + " has no lib/src.zip: install the JDK's sources (Debian and Ubuntu: openjdk-25-source; Fedora:"
                    + " java-25-openjdk-src), or take another source, such as"
                    + " maven:org.apache.commons:commons-lang3:3.17.0");
        }
        return zip;
    }

    private static DocumentSource file(String name, String location, @Nullable Globs globs, Optional<Pattern> pattern) {
        if (!exists(location)) {
            throw new InvalidInputException("source " + location
                    + " does not exist: give a folder, a file, jdk, or maven:GROUP:ARTIFACT:VERSION");
        }
        Path path = Path.of(location);
        if (!Files.isReadable(path)) {
            throw new InvalidInputException("source " + location + " may not be read: change its permissions");
        }
        if (Files.isDirectory(path)) {
            String hint = globs == null
                    ? "no file below it has the extension of a text format; give globs, such as " + location
                            + "!**/*.jsonl"
                    : "correct the globs";
            return new CursorSource(
                    name,
                    "folder " + path.toAbsolutePath(),
                    hint,
                    s -> found(pattern, FileSources.folder(path, globs, s)));
        }
        String lower = location.toLowerCase(Locale.ROOT);
        if (lower.endsWith(".zip") || lower.endsWith(".jar")) {
            return archive(name, "archive", path, globs, FileSources.TEXT, pattern);
        }
        if (globs != null) {
            throw new InvalidInputException("source " + name
                    + " has globs, but is neither a folder nor a zip or jar file: remove what follows the !");
        }
        return new CursorSource(
                name,
                "file " + path.toAbsolutePath(),
                "give a file with UTF-8 text in it",
                s -> found(pattern, FileSources.file(path, s)));
    }

    private static DocumentSource archive(
            String name, String kind, Path zip, @Nullable Globs globs, Globs defaultGlobs, Optional<Pattern> pattern) {
        String hint = globs == null ? "give globs that name the members to read" : "correct the globs";
        return new CursorSource(
                name,
                kind + " " + zip.toAbsolutePath(),
                hint,
                s -> found(pattern, FileSources.archive(zip, globs == null ? defaultGlobs : globs, s)));
    }

    private static Cursor found(Optional<Pattern> pattern, Cursor documents) {
        return pattern.isPresent() ? MatchCursor.of(pattern.get(), documents) : documents;
    }
}
