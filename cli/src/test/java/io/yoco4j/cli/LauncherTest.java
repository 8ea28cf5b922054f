package io.yoco4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisabledOnOs(OS.WINDOWS) // the launcher is a bash script
class LauncherTest {
    private static final String BUILD =
            "mkdir -p \"$distribution/lib\" && : > \"$distribution/lib/yoco4j-cli.jar\" && echo noise";

    @TempDir
    private Path folder;

    // ---- finding a JDK

    @Test
    void takesTheFirstJdkThatIsNewEnoughJavaHomeFirst() throws Exception {
        FakeMachine machine = FakeMachine.withDistribution(folder);
        machine.jdk("jvm/a-8", "1.8.0_402");
        machine.jdk("jvm/b-24", "24.0.2");
        Path onList = machine.jdk("jvm/c-25", "25.0.1");
        Path own = machine.jdk("elsewhere/26", "26-ea");
        assertThat(machine.yoco("--print-java-home").out()).isEqualTo(onList + "\n");
        machine.environment("JAVA_HOME", own);
        assertThat(machine.yoco("--print-java-home").out()).isEqualTo(own + "\n");
        machine.environment("JAVA_HOME", machine.path("jvm/b-24"));
        assertThat(machine.yoco("--print-java-home").out()).isEqualTo(onList + "\n");
        machine.environment("YOCO_JAVA_HOME", own);
        assertThat(machine.yoco("--print-java-home").out()).isEqualTo(own + "\n");
    }

    @Test
    void findsJdksOnThePathAndInTheUsersFolders() throws Exception {
        FakeMachine machine = FakeMachine.withDistribution(folder);
        for (String place : List.of("home/.jdks/x", "home/.sdkman/candidates/java/25-tem", "mac/25/Contents/Home")) {
            Path home = machine.jdk(place, "25");
            assertThat(machine.yoco("--print-java-home").out()).isEqualTo(home + "\n");
        }
        Path home = machine.jdk("opt/25", "25");
        Files.delete(machine.path("bin/java"));
        Files.createSymbolicLink(machine.path("bin/alternative"), home.resolve("bin/java"));
        Files.createSymbolicLink(machine.path("bin/java"), Path.of("alternative"));
        assertThat(machine.yoco("--print-java-home").out()).isEqualTo(home.toRealPath() + "\n");
    }

    @Test
    void saysInOneSentenceThatNoJdkIsThere() throws Exception {
        FakeMachine machine = FakeMachine.withDistribution(folder);
        machine.jdk("jvm/24", "24");
        Path broken = machine.jdk("jvm/30", "30");
        Files.delete(broken.resolve("bin/javac"));
        FakeMachine.Run run = machine.yoco("version");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err())
                .startsWith("yoco: no JDK 25 or newer found: install one")
                .hasLineCount(1);
        assertThat(run.out()).isEmpty();
    }

    @Test
    void refusesAYocoJavaHomeThatIsNone() throws Exception {
        FakeMachine machine = FakeMachine.withDistribution(folder);
        machine.jdk("jvm/25", "25");
        machine.environment("YOCO_JAVA_HOME", "/nowhere");
        FakeMachine.Run run = machine.yoco("version");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err())
                .contains("YOCO_JAVA_HOME is /nowhere, which is no JDK")
                .hasLineCount(1);
    }

    // ---- starting Java

    @Test
    void passesArgumentsExitCodeAndErrorsThrough() throws Exception {
        FakeMachine machine = FakeMachine.withDistribution(folder);
        machine.jdk("jvm/25", "25");
        machine.environment("YOCO_JAVA_OPTIONS", "-Xmx1g  -Da=b");
        FakeMachine.Run run = machine.yoco("generate", "a model", "", "*", "$HOME \"x\"");
        assertThat(run.exitCode()).isEqualTo(7);
        assertThat(run.out())
                .contains("[--add-modules]\n[jdk.incubator.vector]\n", "\n[-Xmx1g]\n[-Da=b]\n")
                .endsWith("yoco4j-cli.jar]\n[generate]\n[a model]\n[]\n[*]\n[$HOME \"x\"]\n");
        assertThat(run.err()).isEqualTo("a real problem\n");
    }

    @Test
    void leavesMostMemoryToContextsButNotInTraining() throws Exception {
        FakeMachine machine = FakeMachine.withDistribution(folder);
        machine.jdk("jvm/25", "25");
        assertThat(machine.yoco("generate").out())
                .contains("[-XX:MaxRAMPercentage=70]")
                .doesNotContain("[-XX:MaxRAMPercentage=25]");
        // The last one counts.
        assertThat(machine.yoco("train").out())
                .containsSubsequence("[-XX:MaxRAMPercentage=70]", "[-XX:MaxRAMPercentage=25]");
    }

    @Test
    void choosesShortPausesForAServerAndThroughputElsewhere() throws Exception {
        FakeMachine machine = FakeMachine.withDistribution(folder);
        machine.jdk("jvm/25", "25");
        for (String server : List.of("serve", "bench-server")) {
            assertThat(machine.yoco(server).out()).contains("[-XX:+UseG1GC]").doesNotContain("Parallel");
        }
        assertThat(machine.yoco("generate").out())
                .contains("[-XX:+UseParallelGC]")
                .doesNotContain("G1");
        machine.environment("YOCO_JAVA_OPTIONS", "-Xmx1g -XX:+UseZGC");
        for (String command : List.of("serve", "generate")) {
            assertThat(machine.yoco(command).out())
                    .contains("[-XX:+UseZGC]")
                    .doesNotContain("G1")
                    .doesNotContain("Parallel");
        }
    }

    @Test
    void leavesOutTheOptimizingCompilerWhereNoModelRuns() throws Exception {
        FakeMachine machine = FakeMachine.withDistribution(folder);
        machine.jdk("jvm/25", "25");
        String quick = "-XX:TieredStopAtLevel=1";
        assertThat(machine.yoco("version").out()).contains(quick);
        assertThat(machine.yoco("inspect", "MODEL", "--context", "8K").out()).contains(quick);
        assertThat(machine.yoco("inspect", "MODEL", "--convergence", "F").out()).doesNotContain(quick);
        assertThat(machine.yoco("inspect", "--convergence=F", "MODEL").out()).doesNotContain(quick);
        assertThat(machine.yoco("generate", "MODEL", "x").out()).doesNotContain(quick);
    }

    @Test
    void leavesTheUsersMallocSettings() throws Exception {
        FakeMachine machine = FakeMachine.withDistribution(folder);
        machine.jdk("jvm/25", "25");
        machine.environment("GLIBC_TUNABLES", "glibc.malloc.hugetlb=0");
        assertThat(machine.yoco().out()).contains("tunables glibc.malloc.hugetlb=0\n");
    }

    @Test
    void worksThroughSymbolicLinksFromAnotherFolder() throws Exception {
        FakeMachine machine = FakeMachine.withDistribution(folder);
        machine.jdk("jvm/25", "25");
        Files.createDirectories(machine.path("links"));
        Files.createSymbolicLink(machine.path("links/far"), machine.path("app/yoco"));
        Files.createSymbolicLink(machine.path("links/near"), Path.of("../links/far"));
        Path near = machine.path("links/near");
        FakeMachine.Run run = machine.start(near, "version").finish();
        assertThat(run.out())
                .contains("[" + machine.path("app").toRealPath().resolve("lib/yoco4j-cli.jar") + "]\n[version]\n");
    }

    @Test
    void namesTheMissingJarOfABrokenDistribution() throws Exception {
        FakeMachine machine = FakeMachine.withDistribution(folder);
        machine.jdk("jvm/25", "25");
        Files.delete(machine.path("app/lib/yoco4j-cli.jar"));
        FakeMachine.Run run = machine.yoco("version");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("yoco4j-cli.jar is missing").hasLineCount(1);
    }

    // ---- building

    @Test
    void buildsOnceAndAgainWhenASourceChanges() throws Exception {
        FakeMachine machine = FakeMachine.withCheckout(folder);
        machine.jdk("jvm/25", "25");
        machine.maven(BUILD);
        FakeMachine.Run first = machine.yoco("version");
        assertThat(first.exitCode()).isEqualTo(7);
        assertThat(first.err())
                .startsWith("building yoco4j (the first build downloads")
                .hasLineCount(2);
        assertThat(first.out()).startsWith("home ");
        assertThat(machine.mavenCalls()).singleElement().asString().contains("-DskipTests", "package");
        assertThat(machine.yoco("version").err()).isEqualTo("a real problem\n");
        assertThat(machine.mavenCalls()).hasSize(1);
        machine.touch("app/cli/src/main/java/A.java");
        assertThat(machine.yoco("version").err()).startsWith("building yoco4j, which has changed");
        assertThat(machine.mavenCalls()).hasSize(2);
    }

    @Test
    void seesADeletedSourceAndOneEditedDuringTheBuild() throws Exception {
        FakeMachine machine = FakeMachine.withCheckout(folder);
        machine.jdk("jvm/25", "25");
        machine.maven(BUILD + "; sleep 0.05; : > cli/src/main/java/B.java");
        machine.yoco("version");
        machine.maven(BUILD);
        machine.yoco("version");
        assertThat(machine.mavenCalls()).hasSize(2);
        Files.delete(machine.path("app/cli/src/main/java/B.java"));
        machine.touch("app/cli/src/main/java");
        machine.yoco("version");
        assertThat(machine.mavenCalls()).hasSize(3);
    }

    @Test
    void showsTheLogOfAFailedBuildAndKeepsTheOldOne() throws Exception {
        FakeMachine machine = FakeMachine.withCheckout(folder);
        machine.jdk("jvm/25", "25");
        machine.maven(BUILD);
        machine.yoco("version");
        machine.touch("app/pom.xml");
        machine.maven("echo '[ERROR] no such thing'; exit 1");
        FakeMachine.Run run = machine.yoco("version");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("[ERROR] no such thing\n", "yoco: the build failed");
        assertThat(run.out()).isEmpty();
        assertThat(machine.exists("app/cli/target/yoco/lib/yoco4j-cli.jar")).isTrue();
    }

    @Test
    void saysInOneSentenceThatMavenIsMissing() throws Exception {
        FakeMachine machine = FakeMachine.withCheckout(folder);
        machine.jdk("jvm/25", "25");
        FakeMachine.Run run = machine.yoco("version");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err())
                .contains("there is no mvn on the PATH: install Maven")
                .hasLineCount(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void buildsOnceForAllThatStartTogether(boolean flock) throws Exception {
        FakeMachine machine = FakeMachine.withCheckout(folder);
        if (!flock) {
            machine.without("flock"); // as on macOS
        }
        machine.jdk("jvm/25", "25");
        machine.maven("sleep 0.3; " + BUILD);
        List<FakeMachine.Started> started = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            started.add(machine.start(machine.path("app/yoco"), "version"));
        }
        for (FakeMachine.Started one : started) {
            assertThat(one.finish().exitCode()).isEqualTo(7);
        }
        assertThat(machine.mavenCalls()).hasSize(1);
    }
}
