package io.yoco4j.chat;

import static jinjava.de.odysseus.el.tree.impl.Scanner.Symbol.COLON;
import static jinjava.de.odysseus.el.tree.impl.Scanner.Symbol.COMMA;
import static jinjava.de.odysseus.el.tree.impl.Scanner.Symbol.DOT;
import static jinjava.de.odysseus.el.tree.impl.Scanner.Symbol.IDENTIFIER;
import static jinjava.de.odysseus.el.tree.impl.Scanner.Symbol.LBRACK;
import static jinjava.de.odysseus.el.tree.impl.Scanner.Symbol.LPAREN;
import static jinjava.de.odysseus.el.tree.impl.Scanner.Symbol.NOT;
import static jinjava.de.odysseus.el.tree.impl.Scanner.Symbol.RBRACK;

import com.hubspot.jinjava.el.ext.AdditionOperator;
import com.hubspot.jinjava.el.ext.AstDict;
import com.hubspot.jinjava.el.ext.CollectionMembershipOperator;
import com.hubspot.jinjava.el.ext.CollectionNonMembershipOperator;
import com.hubspot.jinjava.el.ext.ExtendedParser;
import com.hubspot.jinjava.el.ext.NamedParameter;
import com.hubspot.jinjava.el.ext.NamedParameterOperator;
import com.hubspot.jinjava.el.ext.StringConcatOperator;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import jinjava.de.odysseus.el.misc.BooleanOperations;
import jinjava.de.odysseus.el.tree.Bindings;
import jinjava.de.odysseus.el.tree.impl.Builder;
import jinjava.de.odysseus.el.tree.impl.Scanner;
import jinjava.de.odysseus.el.tree.impl.Scanner.ExtensionToken;
import jinjava.de.odysseus.el.tree.impl.Scanner.ScanException;
import jinjava.de.odysseus.el.tree.impl.Scanner.Symbol;
import jinjava.de.odysseus.el.tree.impl.ast.AstBinary;
import jinjava.de.odysseus.el.tree.impl.ast.AstBinary.Operator;
import jinjava.de.odysseus.el.tree.impl.ast.AstIdentifier;
import jinjava.de.odysseus.el.tree.impl.ast.AstNode;
import jinjava.de.odysseus.el.tree.impl.ast.AstNull;
import jinjava.de.odysseus.el.tree.impl.ast.AstParameters;
import jinjava.de.odysseus.el.tree.impl.ast.AstUnary;
import jinjava.javax.el.ELContext;
import org.jspecify.annotations.Nullable;

/**
 * Expressions as Jinja 3 reads them. jinjava's grammar, but that {@code not} stands above comparisons, {@code ~} between
 * {@code +} and {@code *}, slices have steps, and attributes, items, methods, filters and tests go to {@link PythonValues} and its neighbours, where jinjava would look
 * for Java's methods.
 */
final class DialectParser extends ExtendedParser {
    private static final Map<Operator, Operator> OPERATORS = Map.of(
            AstBinary.AND,
            Operators::and,
            AstBinary.EQ,
            Operators::equal,
            AstBinary.NE,
            Operators::unequal,
            AstBinary.LT,
            Operators.ordered(BooleanOperations::lt),
            AstBinary.LE,
            Operators.ordered(BooleanOperations::le),
            AstBinary.GT,
            Operators.ordered(BooleanOperations::gt),
            AstBinary.GE,
            Operators.ordered(BooleanOperations::ge),
            AdditionOperator.OP,
            Operators::add);

    DialectParser(Builder context, String input) {
        super(context, input);
        put(CollectionMembershipOperator.TOKEN, ExtensionPoint.CMP, Operators::in);
        put(CollectionNonMembershipOperator.TOKEN, ExtensionPoint.CMP, Operators::notIn);
    }

    private void put(ExtensionToken token, ExtensionPoint level, Computed.Pair operator) {
        putExtensionHandler(token, new ExtensionHandler(level) {
            @Override
            public AstNode createAstNode(AstNode... children) {
                return Computed.of(operator, children[0], children[1]);
            }
        });
    }

    @Override
    protected Scanner createScanner(String expression) {
        return new DialectScanner(expression);
    }

    @Override
    protected @Nullable AstNode eq(boolean required) throws ScanException, ParseException {
        if (getToken().getSymbol() == NOT && getToken().getImage().equals("not")) {
            consumeToken();
            return createAstUnary(eq(true), AstUnary.NOT);
        }
        return super.eq(required);
    }

    @Override
    protected AstBinary createAstBinary(AstNode left, AstNode right, Operator operator) {
        return super.createAstBinary(left, right, OPERATORS.getOrDefault(operator, operator));
    }

    @Override
    protected @Nullable AstNode mul(boolean required) throws ScanException, ParseException {
        AstNode value = super.mul(required);
        while (value != null && getToken() == StringConcatOperator.TOKEN) {
            consumeToken();
            value = Computed.of(Operators::concat, value, super.mul(true));
        }
        return value;
    }

    @Override
    protected AstDict createAstDict(Map<AstNode, AstNode> entries) {
        return new Computed.Dict(entries);
    }

    @Override
    protected AstIdentifier createAstIdentifier(String name, int index) {
        return new AstIdentifier(name, index) {
            @Override
            public @Nullable Object eval(Bindings bindings, ELContext context) {
                return Rendering.value(super.eval(bindings, context));
            }
        };
    }

    @Override
    protected @Nullable AstNode filter(boolean required) throws ScanException, ParseException {
        AstNode value = unary(required);
        return value == null ? null : filtered(value);
    }

    @Override
    protected @Nullable AstNode value() throws ScanException, ParseException {
        AstNode base = nonliteral();
        AstNode value = base == null ? literal() : base;
        while (value != null) {
            if (getToken().getSymbol() == DOT) {
                consumeToken();
                String name = name();
                value = getToken().getSymbol() == LPAREN
                        ? called(value, name, (r, self, args) -> r.methods().call(self, args))
                        : Computed.of((r, self) -> r.values().member(self, name), value);
            } else if (getToken().getSymbol() == LBRACK) {
                consumeToken();
                value = subscript(value);
            } else {
                return filtered(value);
            }
        }
        return null;
    }

    /** A name, be it a word of the grammar: an attribute may be called so. */
    private String name() throws ScanException, ParseException {
        String name = getToken().getImage();
        if (name.isEmpty() || !Character.isJavaIdentifierStart(name.charAt(0))) {
            fail(IDENTIFIER);
        }
        consumeToken();
        return name;
    }

    /** Arguments, of which some may have names: what follows a name is a whole expression. */
    @Override
    protected AstParameters params(Symbol left, Symbol right) throws ScanException, ParseException {
        consumeToken(left);
        List<AstNode> arguments = new ArrayList<>();
        while (getToken().getSymbol() != right) {
            if (getToken().getSymbol() == IDENTIFIER && lookahead(0) == NamedParameterOperator.TOKEN) {
                String name = consumeToken().getImage();
                consumeToken();
                arguments.add(Computed.of((_, value) -> new NamedParameter(name, value), expr(true)));
            } else {
                arguments.add(expr(true));
            }
            if (getToken().getSymbol() != COMMA) {
                break;
            }
            consumeToken();
        }
        consumeToken(right);
        return createAstParameters(arguments);
    }

    private AstNode subscript(AstNode base) throws ScanException, ParseException {
        AstNode first = expr(false);
        if (first != null && getToken().getSymbol() == RBRACK) {
            consumeToken();
            return Computed.of((r, self, key) -> r.values().member(self, key), base, first);
        }
        List<AstNode> bounds = new ArrayList<>();
        bounds.add(first == null ? new AstNull() : first);
        while (bounds.size() < 3 && getToken().getSymbol() == COLON) {
            consumeToken();
            AstNode next = expr(false);
            bounds.add(next == null ? new AstNull() : next);
        }
        consumeToken(RBRACK);
        if (bounds.size() == 1) {
            fail("an index");
        }
        AstNode[] children = {base, bounds.get(0), bounds.get(1), bounds.size() > 2 ? bounds.get(2) : new AstNull()};
        return new Computed((r, of) -> r.values().slice(of[0], of[1], of[2], of[3]), children);
    }

    /** The value with the filters and tests that follow. */
    private AstNode filtered(AstNode of) throws ScanException, ParseException {
        AstNode value = of;
        while (true) {
            if (getToken().getImage().equals("|")) {
                consumeToken();
                value = called(
                        value,
                        consumeToken(IDENTIFIER).getImage(),
                        (r, self, args) -> r.filters().apply(self, args));
            } else if (getToken().getSymbol() == IDENTIFIER
                    && getToken().getImage().equals("is")) {
                consumeToken();
                value = tested(value);
            } else {
                return value;
            }
        }
    }

    private AstNode tested(AstNode value) throws ScanException, ParseException {
        boolean negated = getToken().getSymbol() == NOT;
        if (negated) {
            consumeToken();
        }
        String name = consumeToken().getImage();
        AstNode tested;
        if (getToken().getSymbol() == LPAREN) {
            tested = called(value, name, (r, self, args) -> r.tests().test(self, args));
        } else {
            AstNode argument = value();
            tested = argument == null
                    ? Computed.of((r, self) -> r.tests().test(self, Arguments.of(name)), value)
                    : Computed.of((r, self, arg) -> r.tests().test(self, Arguments.of(name, arg)), value, argument);
        }
        return negated ? createAstUnary(tested, AstUnary.NOT) : tested;
    }

    /** What is done with a value and arguments. */
    private interface Callee {
        @Nullable
        Object apply(Rendering rendering, @Nullable Object self, Arguments arguments);
    }

    private AstNode called(AstNode self, String name, Callee callee) throws ScanException, ParseException {
        AstParameters parameters = getToken().getSymbol() == LPAREN ? params() : createAstParameters(List.of());
        return Computed.of(
                (r, value, args) -> callee.apply(
                        r, value, Arguments.of(name, args instanceof Object[] several ? several : new Object[0])),
                self,
                parameters);
    }
}
