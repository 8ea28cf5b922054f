package io.yoco4j.chat;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.el.ExtendedSyntaxBuilder;
import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.interpret.Context.Library;
import com.hubspot.jinjava.lib.Importable;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import java.io.IOException;
import java.util.Map;
import java.util.stream.Collectors;
import jinjava.de.odysseus.el.ExpressionFactoryImpl;
import jinjava.de.odysseus.el.misc.TypeConverterImpl;
import jinjava.de.odysseus.el.tree.TreeBuilderException;
import jinjava.de.odysseus.el.tree.TreeStore;
import jinjava.de.odysseus.el.tree.impl.Builder.Feature;
import jinjava.de.odysseus.el.tree.impl.Cache;
import jinjava.de.odysseus.el.tree.impl.Parser;
import jinjava.javax.el.ExpressionFactory;
import org.jspecify.annotations.Nullable;

/**
 * jinjava with the expressions, values and functions of Jinja 3 in place of its own, and without what reaches Java objects,
 * files or other templates. One for each template, whose parsed expressions it keeps; safe for use by several threads.
 */
final class Dialect extends Jinjava {
    static final JinjavaConfig CONFIG = JinjavaConfig.newBuilder()
            // Else what a user writes would be read as a template again.
            .withNestedInterpretationEnabled(false)
            .withEnableRecursiveMacroCalls(true)
            .withLegacyOverrides(LegacyOverrides.newBuilder()
                    .withUseNaturalOperatorPrecedence(true)
                    .withEvaluateMapKeys(true)
                    .build())
            .build();

    private static final int KEPT_EXPRESSIONS = 4096;

    private final TreeStore trees = new TreeStore(
            new ExtendedSyntaxBuilder(Feature.METHOD_INVOCATIONS, Feature.VARARGS) {
                @Override
                protected Parser createParser(String expression) {
                    return new DialectParser(this, expression);
                }
            },
            new Cache(KEPT_EXPRESSIONS));
    private final ExpressionFactory factory = new ExpressionFactoryImpl(trees, new Conversions());
    private final Context functions;

    Dialect() {
        super(CONFIG);
        Context all = new Context();
        functions = new Context(new Context(
                null,
                null,
                Map.of(
                        Library.FUNCTION,
                        all.getAllFunctions().stream().map(Importable::getName).collect(Collectors.toSet()))));
        for (String name : TemplateFunctions.NAMES) {
            functions.registerFunction(
                    new ELFunctionDefinition("", name, TemplateFunctions.class, name, Object[].class));
        }
        setResourceLocator((name, _, _) -> {
            throw new IOException("templates cannot load " + name);
        });
    }

    @Override
    public ExpressionFactory getExpressionFactory() {
        return factory;
    }

    /** What jinjava takes functions from. */
    @Override
    public Context getGlobalContext() {
        return functions;
    }

    /**
     * Parses an expression, as part of a rendering, and keeps what it is.
     *
     * @throws TemplateException when it is not one
     */
    void check(String expression, int line) {
        try {
            trees.get("#{" + expression.strip() + "}");
        } catch (TreeBuilderException e) {
            throw new TemplateException(
                    line,
                    "'" + expression.strip() + "' is no expression: " + e.getExpected() + " is expected, but "
                            + e.getEncountered() + " is there");
        }
    }

    /** What is true, and what a value's text is. */
    private static final class Conversions extends TypeConverterImpl {
        private static final long serialVersionUID = 1L;

        @Override
        protected Boolean coerceToBoolean(@Nullable Object value) {
            return PythonValues.truth(value);
        }

        @Override
        protected String coerceToString(@Nullable Object value) {
            return Rendering.current().values().text(value);
        }
    }
}
