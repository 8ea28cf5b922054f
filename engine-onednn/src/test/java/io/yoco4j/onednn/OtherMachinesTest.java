package io.yoco4j.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** JVMs that find oneDNN in other conditions than this one, each opening a model twice. */
class OtherMachinesTest {
    @TempDir
    Path temp;

    private List<String> run(Map<String, String> environment, String... flags)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(
                List.of("--enable-native-access=ALL-UNNAMED", "-Dyoco.kernels=scalar", "-Djava.io.tmpdir=" + temp));
        command.addAll(List.of(flags));
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        command.addAll(List.of("-cp", classPath, PlainRun.class.getName()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output.lines().toList();
    }

    private static void requireOneWarning(List<String> output, String reason) {
        assertThat(output)
                .filteredOn(l -> l.contains("WARNING"))
                .hasSize(1)
                .first()
                .asString()
                .contains(reason);
        assertThat(output).filteredOn(l -> l.startsWith("kernels")).containsExactly("kernels scalar", "kernels scalar");
    }

    @Test
    void anOldProcessorStaysInJavaAndIsToldSoOnce() throws IOException, InterruptedException {
        Here.assumeOneDnn();
        requireOneWarning(
                run(Map.of("DNNL_MAX_CPU_ISA", "AVX2")),
                "onednn does not run here: the processor has no instructions that multiply bfloat16. "
                        + "-Dyoco.products=java spares you this line.");
    }

    @Test
    void anotherPlatformStaysInJava() throws IOException, InterruptedException {
        requireOneWarning(
                run(Map.of(), "-Dos.arch=riscv64", "-Dos.name=Plan 9"),
                "onednn does not run here: its library is for Linux amd64 and this is Plan 9 riscv64");
    }

    @Test
    void nothingIsSaidOrLoadedWhereItIsNotWanted() throws IOException, InterruptedException {
        assertThat(run(Map.of("DNNL_MAX_CPU_ISA", "AVX2"), "-Dyoco.products=java"))
                .containsExactly("kernels scalar", "kernels scalar");
    }

    @Test
    void aHomeThatCannotBeWrittenIsNoObstacle() throws IOException, InterruptedException {
        Here.assumeOneDnn();
        Path file = Files.createFile(temp.resolve("file"));
        assertThat(run(Map.of("XDG_CACHE_HOME", file.toString())))
                .containsExactly("kernels scalar+onednn", "kernels scalar+onednn");
        try (Stream<Path> left = Files.list(temp)) {
            assertThat(left.filter(p -> p.toString().contains("onednn"))).isEmpty();
        }
    }
}
