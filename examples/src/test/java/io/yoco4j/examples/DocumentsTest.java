package io.yoco4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The Java in the documents compiles as it stands, with the imports that an editor would add. */
class DocumentsTest {
    private static final Pattern JAVA = Pattern.compile("^```java\\n(.*?)^```", Pattern.MULTILINE | Pattern.DOTALL);
    private static final String IMPORTS = """
            import dev.langchain4j.data.message.*;
            import dev.langchain4j.model.chat.*;
            import dev.langchain4j.model.chat.request.*;
            import dev.langchain4j.model.chat.response.*;
            import dev.langchain4j.model.language.*;
            import io.yoco4j.engine.*;
            import io.yoco4j.langchain4j.*;
            import java.nio.file.Path;
            import java.util.*;
            """;

    @ParameterizedTest
    @ValueSource(strings = {"README.md", "docs/langchain4j.md"})
    void compiles(String document, @TempDir Path out) throws IOException {
        String text = Files.readString(Path.of("..").resolve(document));
        List<JavaFileObject> sources = new ArrayList<>();
        Matcher blocks = JAVA.matcher(text);
        while (blocks.find()) {
            sources.add(source("Snippet" + sources.size(), blocks.group(1)));
        }
        assertThat(sources).isNotEmpty();
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        List<String> options =
                List.of("-classpath", System.getProperty("java.class.path"), "-proc:none", "-d", out.toString());
        boolean compiled =
                compiler.getTask(null, null, found, options, null, sources).call();
        assertThat(found.getDiagnostics().stream()
                        .filter(d -> d.getKind() == Diagnostic.Kind.ERROR)
                        .map(d -> d.getMessage(Locale.ROOT)))
                .isEmpty();
        assertThat(compiled).isTrue();
    }

    private static JavaFileObject source(String name, String body) {
        String code = IMPORTS + "class " + name + " {\n void run() throws Exception {\n" + body + "\n}\n}\n";
        return new SimpleJavaFileObject(URI.create("string:///" + name + ".java"), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return code;
            }
        };
    }
}
