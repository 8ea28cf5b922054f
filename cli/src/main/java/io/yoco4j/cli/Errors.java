package io.yoco4j.cli;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.train.TrainingDivergedException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/** Turns what went wrong into one sentence and an exit code. */
final class Errors {
    static final int FAILURE = 1;
    static final int USER_MISTAKE = 2;

    private Errors() {}

    static int explain(Throwable e, PrintWriter err, boolean verbose) {
        boolean mistake = e instanceof InvalidInputException;
        err.println("yoco: " + sentence(e));
        if (verbose) {
            e.printStackTrace(err);
        } else if (!mistake && !expected(e)) {
            err.println("This is a bug in yoco4j: run again with --verbose and report what it prints.");
        }
        return mistake ? USER_MISTAKE : FAILURE;
    }

    private static boolean expected(Throwable e) {
        return e instanceof IOException
                || e instanceof UncheckedIOException
                || e instanceof TrainingDivergedException
                || e instanceof OutOfMemoryError;
    }

    private static String sentence(Throwable e) {
        if (e instanceof OutOfMemoryError) {
            return "the JVM ran out of memory (" + e.getMessage() + "): give it more with YOCO_JAVA_OPTIONS=-Xmx8g";
        }
        @Nullable String message = e.getMessage();
        String kind = e.getClass().getSimpleName();
        if (message == null) {
            return kind;
        }
        return expected(e) || e instanceof InvalidInputException ? message : kind + ": " + message;
    }
}
