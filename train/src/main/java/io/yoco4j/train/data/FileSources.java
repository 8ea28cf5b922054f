package io.yoco4j.train.data;

import io.yoco4j.core.InvalidInputException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/** Cursors over folders, archives and single files. */
final class FileSources {
    /** Extensions of files that are taken for text when no globs are given. */
    static final List<String> TEXT_EXTENSIONS = List.of(
            "adoc",
            "bash",
            "c",
            "cc",
            "cfg",
            "clj",
            "cmake",
            "conf",
            "cpp",
            "cs",
            "css",
            "csv",
            "cxx",
            "dart",
            "erl",
            "ex",
            "exs",
            "f90",
            "fs",
            "go",
            "gradle",
            "graphql",
            "groovy",
            "h",
            "hh",
            "hpp",
            "hs",
            "html",
            "hxx",
            "ini",
            "java",
            "jl",
            "js",
            "json",
            "jsx",
            "kt",
            "kts",
            "lua",
            "m",
            "markdown",
            "md",
            "mjs",
            "ml",
            "org",
            "php",
            "pl",
            "properties",
            "proto",
            "py",
            "r",
            "rb",
            "rs",
            "rst",
            "sbt",
            "scala",
            "sh",
            "sql",
            "swift",
            "tex",
            "toml",
            "ts",
            "tsv",
            "tsx",
            "txt",
            "vue",
            "xml",
            "yaml",
            "yml",
            "zig");

    static final Globs TEXT = Globs.ofExtensions(TEXT_EXTENSIONS);

    private FileSources() {}

    /** The last extension of a name in lower case, with the one before .gz: {@code txt.gz}. */
    static String extension(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        String gz = lower.endsWith(".gz") ? ".gz" : "";
        String stem = lower.substring(0, lower.length() - gz.length());
        int dot = stem.lastIndexOf('.');
        return dot < 0 || stem.indexOf('/', dot) >= 0 ? "" : stem.substring(dot + 1) + gz;
    }

    /** Files below {@code root} that match, in ascending order of their relative paths. */
    static Cursor folder(Path root, @Nullable Globs globs, Skips skips) throws IOException {
        Iterator<String> paths = list(root, globs, skips).iterator();
        return Cursor.concat(() -> paths.hasNext() ? member(root, paths.next(), skips) : null, () -> {});
    }

    private static List<String> list(Path root, @Nullable Globs globs, Skips skips) throws IOException {
        List<String> paths = new ArrayList<>();
        // A link to a folder is followed where it was named, not within: there it may lead in circles.
        Path real = root.toRealPath();
        Files.walkFileTree(real, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes) {
                // Version control and tool state are no corpus, unless asked for.
                boolean hidden =
                        !dir.equals(real) && dir.getFileName().toString().startsWith(".");
                return hidden && globs == null ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                String path = real.relativize(file).toString().replace('\\', '/');
                if ((globs == null ? TEXT : globs).matches(path) && Files.isRegularFile(file)) {
                    paths.add(path);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) {
                skips.unreadable();
                return FileVisitResult.CONTINUE;
            }
        });
        Collections.sort(paths);
        return paths;
    }

    private static Cursor member(Path root, String path, Skips skips) throws IOException {
        Path file = root.resolve(path);
        return switch (extension(path)) {
            case "jsonl", "jsonl.gz" -> JsonLinesCursor.open(file, file.toString(), skips);
            case "parquet" -> ParquetCursor.open(file, file.toString(), skips);
            case "txt", "txt.gz" -> textMember(file, path, skips);
            default -> text(path, () -> Files.newInputStream(file), skips);
        };
    }

    private static Cursor text(String id, TextDecoding.Opener opener, Skips skips) {
        String text = TextDecoding.readMember(opener, skips);
        return Cursor.of(text == null ? null : new Document(id, text));
    }

    /** A text file of a folder, in chunks; what follows a malformed byte is passed over. */
    private static Cursor textMember(Path file, String path, Skips skips) {
        Cursor chunks;
        try {
            chunks = TextCursor.open(file, path, TextCursor.CHUNK);
        } catch (IOException _) {
            skips.unreadable();
            return Cursor.of(null);
        }
        return new Cursor() {
            @Override
            public @Nullable Document next() throws IOException {
                try {
                    return chunks.next();
                } catch (CharacterCodingException _) {
                    skips.binary();
                    return null;
                }
            }

            @Override
            public void close() throws IOException {
                chunks.close();
            }
        };
    }

    /** Members of a zip or jar that match, in ascending order of their names. */
    static Cursor archive(Path file, Globs globs, Skips skips) throws IOException {
        ZipFile zip;
        try {
            zip = new ZipFile(file.toFile());
        } catch (ZipException e) {
            throw new InvalidInputException(
                    file + " is not a complete zip or jar file (" + Cursor.reason(e) + "): fetch or build it again", e);
        }
        Iterator<? extends ZipEntry> entries = zip.stream()
                .filter(e -> !e.isDirectory() && globs.matches(e.getName()))
                .sorted(Comparator.comparing(ZipEntry::getName))
                .iterator();
        return Cursor.concat(
                () -> {
                    if (!entries.hasNext()) {
                        return null;
                    }
                    ZipEntry e = entries.next();
                    return text(e.getName(), () -> zip.getInputStream(e), skips);
                },
                zip);
    }

    /** One file as a source of its own. */
    static Cursor file(Path file, Skips skips) throws IOException {
        String name = file.toString();
        return switch (extension(name)) {
            case "jsonl", "jsonl.gz" -> JsonLinesCursor.open(file, name, skips);
            case "parquet" -> ParquetCursor.open(file, name, skips);
            case "txt" -> Cursor.named(name, TextCursor.open(file, name, TextCursor.chunkFor(Files.size(file))));
            // Text packs to about a third.
            case "txt.gz" -> Cursor.named(name, TextCursor.open(file, name, TextCursor.chunkFor(3 * Files.size(file))));
            default -> text(name, () -> Files.newInputStream(file), skips);
        };
    }
}
