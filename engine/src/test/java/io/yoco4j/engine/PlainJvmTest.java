package io.yoco4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** JVMs that are started in other ways than ours. */
class PlainJvmTest {

    @Test
    void runsWithoutTheVectorModuleAndSaysSoOnce() throws IOException, InterruptedException {
        String output = run(List.of(), "scalar");
        assertThat(output.lines().filter(l -> l.contains("--add-modules jdk.incubator.vector")))
                .as(output)
                .hasSize(1);
    }

    @Test
    void runsWithoutNativeAccessAndSaysSoOnce() throws IOException, InterruptedException {
        String output = run(List.of("--add-modules", "jdk.incubator.vector", "--illegal-native-access=deny"), "scalar");
        assertThat(output.lines().filter(l -> l.contains("add --enable-native-access=ALL-UNNAMED")))
                .as(output)
                .hasSize(1);
    }

    @Test
    void runsScalarKernelsWithoutAWordWhereTheyAreAskedFor() throws IOException, InterruptedException {
        String output = run(List.of("--add-modules", "jdk.incubator.vector", "-Dyoco.kernels=scalar"), "scalar");
        assertThat(output).doesNotContain("--add-modules");
    }

    @ParameterizedTest
    @CsvSource({"-XX:+UseParallelGC,Q8", "-XX:+UseG1GC,F32"})
    void aFullHeapRefusesContextsBeforeItRunsOutOfMemory(String collector, String kv)
            throws IOException, InterruptedException {
        String output = run(FullHeap.class, List.of(collector, "-Xmx32m", "-Dyoco.kernels=scalar"), kv);
        assertThat(output).containsPattern("a context of 21 tokens needs [0-9.]+ MiB more memory");
    }

    private static String run(List<String> flags, String kernels) throws IOException, InterruptedException {
        return run(PlainJvm.class, flags, kernels);
    }

    private static String run(Class<?> main, List<String> flags, String argument)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(flags);
        String golden = System.getProperty("yoco.golden", "");
        if (!golden.isEmpty()) {
            command.add("-Dyoco.golden=" + golden);
        }
        command.addAll(List.of("-cp", classPath(), main.getName(), argument));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }

    /** Surefire may hide the class path in a jar's manifest and name it in a property of its own. */
    private static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }
}
