package io.yoco4j.cli;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * The launcher keeps the JVM's notice about incubator modules from the user: it starts Java with a pipe as standard
 * error that drops that one line, and leaves the true standard error as another descriptor. Once Java runs, the true
 * one takes its place again, so that terminals are still recognized and nothing comes late.
 */
final class StandardError {
    private static final int STDERR = 2;

    private StandardError() {}

    /** Makes the descriptor named by the property {@code yoco.stderr}, if any, standard error. */
    @SuppressWarnings("restricted") // native access is what this is for
    static void restore() {
        Integer descriptor = Integer.getInteger("yoco.stderr");
        if (descriptor == null) {
            return;
        }
        Linker linker = Linker.nativeLinker();
        linker.defaultLookup().find("dup2").ifPresent(dup2 -> {
            MethodHandle call = linker.downcallHandle(
                    dup2, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
            try {
                int _ = (int) call.invokeExact((int) descriptor, STDERR);
            } catch (Throwable e) {
                // The pipe passes on all but the notice: the message of whatever follows is not lost.
                System.getLogger(StandardError.class.getName()).log(System.Logger.Level.DEBUG, "dup2 failed", e);
            }
        });
    }
}
