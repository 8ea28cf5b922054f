package io.yoco4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A folder with a copy of the launcher and JDKs and a Maven that are shell scripts: the launcher's decisions without
 * the machine's own JDKs and without a build.
 */
final class FakeMachine {
    private static final Path LAUNCHER = Path.of("..", "yoco").toAbsolutePath().normalize();

    private static final List<String> TOOLS = List.of(
            "bash", "cat", "env", "find", "flock", "head", "mkdir", "mv", "readlink", "rm", "rmdir", "sh", "sleep");

    /** What a run of the launcher left. */
    record Run(int exitCode, String out, String err) {}

    private final Path folder;
    private final Path app;
    private final Map<String, String> environment = new HashMap<>();

    private FakeMachine(Path folder, Path app) {
        this.folder = folder;
        this.app = app;
        environment.put("PATH", folder.resolve("bin").toString());
        environment.put("HOME", folder.resolve("home").toString());
        environment.put("YOCO_JVM_FOLDERS", folder.resolve("jvm") + ":" + folder.resolve("mac"));
    }

    /** With an unpacked distribution in {@code app}. */
    static FakeMachine withDistribution(Path folder) throws IOException {
        FakeMachine machine = new FakeMachine(folder, folder.resolve("app"));
        machine.write("app/lib/yoco4j-cli.jar", "");
        machine.installLauncher();
        return machine;
    }

    /** With a checkout in {@code app} that no one has built. */
    static FakeMachine withCheckout(Path folder) throws IOException {
        FakeMachine machine = new FakeMachine(folder, folder.resolve("app"));
        machine.write("app/pom.xml", "");
        machine.write("app/cli/pom.xml", "");
        machine.write("app/cli/src/main/java/A.java", "");
        machine.installLauncher();
        return machine;
    }

    private void installLauncher() throws IOException {
        Files.createDirectories(folder.resolve("bin"));
        // The real machine's tools, but neither its java nor its mvn.
        for (String tool : TOOLS) {
            for (String place : List.of("/usr/bin", "/bin")) {
                Path real = Path.of(place, tool);
                if (Files.exists(real) && !exists("bin/" + tool)) {
                    Files.createSymbolicLink(folder.resolve("bin/" + tool), real);
                }
            }
        }
        jdk("old", "17.0.15");
        Files.createSymbolicLink(folder.resolve("bin/java"), folder.resolve("old/bin/java"));
        Files.copy(LAUNCHER, app.resolve("yoco"), StandardCopyOption.COPY_ATTRIBUTES);
    }

    /** A JDK whose java prints its home, some of its environment and its arguments, and ends with code 7. */
    Path jdk(String path, String version) throws IOException {
        Path home = folder.resolve(path);
        script(path + "/bin/javac", "exit 1");
        script(path + "/bin/java", """
                case " $* " in *" -XX:DumpLoadedClassList="* | *" -Xshare:dump "*) exit 0 ;; esac
                echo 'WARNING: Using incubator modules: jdk.incubator.vector' >&2
                echo 'a real problem' >&2
                echo "home %s"
                echo "tunables ${GLIBC_TUNABLES-}"
                for a in "$@"; do echo "[$a]"; done
                exit 7""".formatted(home));
        write(path + "/release", "IMPLEMENTOR=\"Someone\"\nJAVA_VERSION=\"" + version + "\"\n");
        return home;
    }

    /** A Maven that runs {@code body}; {@code $distribution} is the folder that it is to fill. */
    void maven(String body) throws IOException {
        script("bin/mvn", """
                for a in "$@"; do case $a in -Dyoco.distribution=*) distribution=${a#*=} ;; esac; done
                echo "$*" >> %s
                %s""".formatted(folder.resolve("mvn.calls"), body));
    }

    /** The command lines that Maven was called with. */
    List<String> mavenCalls() throws IOException {
        Path calls = folder.resolve("mvn.calls");
        return Files.exists(calls) ? Files.readAllLines(calls) : List.of();
    }

    void environment(String name, Object value) {
        environment.put(name, value.toString());
    }

    /** Takes a tool off the PATH. */
    void without(String tool) throws IOException {
        Files.deleteIfExists(folder.resolve("bin/" + tool));
    }

    Path path(String relative) {
        return folder.resolve(relative);
    }

    Path write(String relative, String content) throws IOException {
        Path file = folder.resolve(relative);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, content);
    }

    /** Makes a file newer than anything that was built so far, however coarse the file system's clock. */
    void touch(String relative) throws IOException {
        Files.setLastModifiedTime(
                folder.resolve(relative), FileTime.fromMillis(System.currentTimeMillis() + 3_600_000));
    }

    boolean exists(String relative) {
        return Files.exists(folder.resolve(relative), LinkOption.NOFOLLOW_LINKS);
    }

    private void script(String relative, String body) throws IOException {
        Path file = write(relative, "#!/bin/sh\n" + body + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    Run yoco(String... args) throws IOException, InterruptedException {
        return start(app.resolve("yoco"), args).finish();
    }

    /** A run under way. */
    record Started(Process process, Path files) {

        /** Waits for the end of the run and of all that writes to its standard error. */
        Run finish() throws IOException, InterruptedException {
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                throw new IllegalStateException("the launcher hangs");
            }
            int code = Integer.parseInt(Files.readString(files.resolve("code")).strip());
            return new Run(code, Files.readString(files.resolve("out")), Files.readString(files.resolve("err")));
        }
    }

    /** Starts the launcher by some path to it, in a folder that is not its own. */
    Started start(Path launcher, String... args) throws IOException {
        Path files = Files.createTempDirectory(folder, "run");
        // Its standard error is a pipe, whose end comes when the last writer is gone.
        List<String> command = new ArrayList<>(List.of(
                folder.resolve("bin/bash").toString(),
                "-c",
                "{ \"$@\" > \"$0/out\"; echo $? > \"$0/code\"; } 2>&1 | cat > \"$0/err\"",
                files.toString(),
                launcher.toString()));
        command.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment().keySet().retainAll(List.of("LANG", "TMPDIR"));
        builder.environment().putAll(environment);
        Process process = builder.start();
        process.getOutputStream().close();
        return new Started(process, files);
    }
}
