package io.yoco4j.cli;

import io.yoco4j.engine.kernel.KernelSelection;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
        name = "version",
        description = "Versions, JDK, vector width, libtorch, cores.",
        mixinStandardHelpOptions = true)
final class VersionCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Mixin
    private JsonOption json = new JsonOption();

    @SuppressWarnings("NullAway.Init") // picocli sets it
    VersionCommand() {}

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        Map<String, Object> facts = facts();
        if (json.wanted()) {
            out.println(Json.line(facts));
        } else {
            facts.forEach((name, value) -> out.printf("%-10s %s%n", name, value));
        }
    }

    private static Map<String, Object> facts() {
        Properties versions = versions();
        Map<String, Object> facts = machine();
        facts.put("kernels", KernelSelection.AUTO.kernels().name());
        // From the build, not from the library: loading libtorch would take longer than all the rest.
        facts.put("libtorch", versions.getProperty("libtorch"));
        facts.put("tokenizers", versions.getProperty("tokenizers"));
        return facts;
    }

    /** What a measurement depends on: version, JDK, system, cores, processor. */
    static Map<String, Object> machine() {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("yoco4j", versions().getProperty("yoco4j"));
        facts.put("jdk", System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"));
        facts.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        facts.put("processor", processor());
        facts.put("cores", Runtime.getRuntime().availableProcessors());
        return facts;
    }

    /** As Linux names it; elsewhere the architecture has to do. */
    private static String processor() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(l -> l.startsWith("model name"))
                    .map(l -> l.substring(l.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse(System.getProperty("os.arch"));
        } catch (IOException | UncheckedIOException _) {
            return System.getProperty("os.arch");
        }
    }

    private static Properties versions() {
        try (InputStream in = Objects.requireNonNull(VersionCommand.class.getResourceAsStream("versions.properties"))) {
            Properties properties = new Properties();
            properties.load(in);
            return properties;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** For {@code yoco --version}. */
    static final class Provider implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"yoco4j " + versions().getProperty("yoco4j")};
        }
    }
}
