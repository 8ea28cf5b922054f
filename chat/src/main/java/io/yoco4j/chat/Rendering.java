package io.yoco4j.chat;

import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.interpret.TemplateError;
import java.time.Clock;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One run of a template: its variables, its work, and the first thing that went wrong, which ends it. One thread uses it.
 */
final class Rendering extends JinjavaInterpreter {

    /** What {@code break} and {@code continue} leave to the loops around them. */
    enum Jump {
        NONE,
        CONTINUE,
        BREAK
    }

    private static final Object NONE = new Object();

    private final Work work;
    private final PythonValues values;
    private final PythonMethods methods;
    private final Tests tests;
    private final Filters filters;
    private final Clock clock;
    private Jump jump = Jump.NONE;
    private String expression = "";
    private @Nullable TemplateException failure;

    Rendering(Dialect dialect, Map<String, ?> variables, Clock clock, long steps) {
        super(dialect, new Context(new Context(), variables), Dialect.CONFIG);
        this.clock = clock;
        work = new Work(steps);
        values = new PythonValues(work);
        methods = new PythonMethods(values);
        tests = new Tests(values);
        filters = new Filters(values, methods, tests);
    }

    /** The one that this thread runs. */
    static Rendering current() {
        return (Rendering) Objects.requireNonNull(getCurrent());
    }

    /**
     * Runs something as part of this rendering.
     *
     * @throws TemplateException what went wrong first
     */
    <T> T run(Supplier<T> part) {
        pushCurrent(this);
        try {
            return part.get();
        } catch (RuntimeException | StackOverflowError e) {
            throw failed(e, String.valueOf(e.getMessage()));
        } finally {
            popCurrent();
        }
    }

    private TemplateException failed(@Nullable Throwable thrown, String otherwise) {
        if (failure == null) {
            failure = named(thrown, otherwise);
        }
        return failure;
    }

    private TemplateException named(@Nullable Throwable thrown, String otherwise) {
        int line = getLineNumber();
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            if (t instanceof StackOverflowError) {
                return new TemplateException(Math.max(1, line), "the template nests too deeply" + where());
            }
            if (t instanceof TemplateException e) {
                return e.complete() ? e : new TemplateException(Math.max(1, line), e.getMessage() + where());
            }
        }
        return new TemplateException(Math.max(1, line), otherwise + where());
    }

    private String where() {
        return expression.isEmpty() ? "" : " (in " + expression + ")";
    }

    /** jinjava collects errors and goes on; here the first one is the last. */
    @Override
    public void addError(TemplateError error) {
        throw failed(error.getException(), String.valueOf(error.getMessage()));
    }

    @Override
    public Object resolveELExpression(String code, int line) {
        expression = code.strip();
        Object value = super.resolveELExpression(code, line);
        expression = "";
        return value;
    }

    /** The value of an expression; null where it has none. */
    @Nullable
    Object value(String code, int line) {
        return resolveELExpression(code, line);
    }

    /** Sets a variable of the scope. */
    void set(String name, @Nullable Object value) {
        getContext().put(name, kept(value));
    }

    /** What a scope keeps for a value: where it kept null, jinjava would go on to a variable of the scope around it. */
    static Object kept(@Nullable Object value) {
        return value == null ? NONE : value;
    }

    /** The value that a scope keeps. */
    static @Nullable Object value(@Nullable Object kept) {
        return kept == NONE ? null : kept;
    }

    Work work() {
        return work;
    }

    PythonValues values() {
        return values;
    }

    PythonMethods methods() {
        return methods;
    }

    Tests tests() {
        return tests;
    }

    Filters filters() {
        return filters;
    }

    Clock clock() {
        return clock;
    }

    Jump jump() {
        return jump;
    }

    void jump(Jump value) {
        jump = value;
    }
}
