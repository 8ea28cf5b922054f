package io.yoco4j.core.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.DocumentationTool;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** Runs the JDK's javadoc over a package of the module that is being tested. */
public final class Javadoc {
    private static final Path SOURCES = Path.of("src", "main", "java");

    private Javadoc() {}

    /**
     * What javadoc finds wrong: public members without a comment, links that lead nowhere, examples that are missing from the
     * tests.
     *
     * @param out takes the pages
     */
    public static List<String> problems(String packageName, Path out) throws IOException {
        DocumentationTool tool = ToolProvider.getSystemDocumentationTool();
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        List<String> options = List.of(
                "-quiet",
                "-Xdoclint:all",
                "-Xmaxwarns",
                "10000",
                "--add-modules",
                "jdk.incubator.vector",
                "--snippet-path",
                Path.of("src", "test", "java").toString(),
                "-sourcepath",
                SOURCES.toString(),
                "-classpath",
                System.getProperty("java.class.path"),
                "-d",
                out.toString());
        try (StandardJavaFileManager files = tool.getStandardFileManager(found, Locale.ROOT, null);
                Stream<Path> list = Files.list(SOURCES.resolve(packageName.replace('.', '/')))) {
            List<Path> sources =
                    list.filter(f -> f.toString().endsWith(".java")).sorted().toList();
            tool.getTask(null, files, found, null, options, files.getJavaFileObjectsFromPaths(sources))
                    .call();
        }
        return found.getDiagnostics().stream()
                .filter(d -> d.getKind() != Diagnostic.Kind.NOTE)
                // A comment need not repeat itself as a tag.
                .filter(d -> !d.getMessage(Locale.ROOT).startsWith("no @"))
                .filter(d -> !d.getMessage(Locale.ROOT).contains("incubating"))
                .map(d -> d.toString().strip())
                .toList();
    }
}
