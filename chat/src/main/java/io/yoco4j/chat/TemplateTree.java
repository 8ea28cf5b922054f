package io.yoco4j.chat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Makes the nodes of a template from its pieces, and checks every expression on the way. */
final class TemplateTree {
    private static final int MAX_DEPTH = 64;
    private static final Pattern TAG = Pattern.compile("(\\w+)\\s*(.*)", Pattern.DOTALL);
    private static final Pattern NAME = Pattern.compile("[A-Za-z_]\\w*");
    private static final Pattern TARGET = Pattern.compile("[A-Za-z_]\\w*(\\.[A-Za-z_]\\w*)?");
    private static final Pattern MACRO = Pattern.compile("([A-Za-z_]\\w*)\\s*\\((.*)\\)", Pattern.DOTALL);

    /** A tag. */
    private record Tag(String name, String code, int line) {}

    private final List<Piece> pieces;
    private final Dialect dialect;
    private int at;
    private int depth;
    /** Loops around this place: only there are jumps. */
    private int loops;

    private TemplateTree(List<Piece> pieces, Dialect dialect) {
        this.pieces = pieces;
        this.dialect = dialect;
    }

    /**
     * The nodes of a template.
     *
     * @param dialect keeps the expressions; a rendering of it must be running
     * @throws TemplateException naming line and reason when it is none
     */
    static List<TemplateNode> of(String template, Dialect dialect) {
        return new TemplateTree(TemplateLexer.pieces(template), dialect).body(Optional.empty(), Set.of());
    }

    /** Nodes up to a tag of these names, or to the end where there is nothing to close; the tag is next. */
    private List<TemplateNode> body(Optional<Tag> opened, Set<String> ends) {
        if (++depth > MAX_DEPTH) {
            throw new TemplateException(opened.orElseThrow().line, "tags nest deeper than " + MAX_DEPTH);
        }
        List<TemplateNode> nodes = new ArrayList<>();
        for (; at < pieces.size(); at++) {
            Piece piece = pieces.get(at);
            switch (piece.kind()) {
                case TEXT -> nodes.add(new TemplateNode.Text(piece.text(), piece.line()));
                case EXPRESSION ->
                    nodes.add(new TemplateNode.Output(expression(piece.text(), piece.line()), piece.line()));
                case TAG -> {
                    Tag tag = tag(piece);
                    if (ends.contains(tag.name)) {
                        depth--;
                        return nodes;
                    }
                    nodes.addAll(node(tag));
                }
            }
        }
        if (opened.isPresent()) {
            Tag tag = opened.get();
            throw new TemplateException(tag.line, "{% " + tag.name + " %} has no {% end" + tag.name + " %}");
        }
        return nodes;
    }

    private static Tag tag(Piece piece) {
        Matcher matcher = TAG.matcher(piece.text());
        if (!matcher.matches()) {
            throw new TemplateException(piece.line(), "a tag has no name");
        }
        return new Tag(matcher.group(1), matcher.group(2).strip(), piece.line());
    }

    private String expression(String code, int line) {
        if (code.isBlank()) {
            throw new TemplateException(line, "an expression is empty");
        }
        dialect.check(code, line);
        return code.strip();
    }

    /** The nodes of a tag; reading ends at the piece that closes it. */
    private List<? extends TemplateNode> node(Tag tag) {
        return switch (tag.name) {
            case "if" -> List.of(conditional(tag));
            case "for" -> List.of(loop(tag));
            case "set" -> List.of(assignment(tag));
            case "macro" -> List.of(macro(tag));
            // Says what of an answer to train on, and writes nothing.
            case "generation" -> closed(tag);
            case "break" -> List.of(jump(tag, Rendering.Jump.BREAK));
            case "continue" -> List.of(jump(tag, Rendering.Jump.CONTINUE));
            default ->
                throw new TemplateException(
                        tag.line, "{% " + tag.name + " %} has no place here, or is no tag of chat templates");
        };
    }

    /** What stands between a tag and its end. */
    private List<TemplateNode> closed(Tag tag) {
        at++;
        return body(Optional.of(tag), Set.of("end" + tag.name));
    }

    private TemplateNode jump(Tag tag, Rendering.Jump jump) {
        if (loops == 0) {
            throw new TemplateException(tag.line, "{% " + tag.name + " %} stands outside of a loop");
        }
        return new TemplateNode.Jumping(jump, tag.line);
    }

    private IfNode conditional(Tag opening) {
        List<IfNode.Branch> branches = new ArrayList<>();
        Tag tag = opening;
        while (!tag.name.equals("endif")) {
            boolean last = tag.name.equals("else");
            String condition = last ? "" : expression(tag.code, tag.line);
            at++;
            List<TemplateNode> body =
                    body(Optional.of(opening), last ? Set.of("endif") : Set.of("elif", "else", "endif"));
            branches.add(new IfNode.Branch(condition, tag.line, body));
            tag = tag(pieces.get(at));
        }
        return new IfNode(opening.line, branches);
    }

    private ForNode loop(Tag tag) {
        ForNode.Clause clause = clause(tag);
        loops++;
        at++;
        List<TemplateNode> body = body(Optional.of(tag), Set.of("else", "endfor"));
        loops--;
        List<TemplateNode> otherwise = List.of();
        if (tag(pieces.get(at)).name.equals("else")) {
            otherwise = closed(tag);
        }
        return new ForNode(tag.line, clause, body, otherwise);
    }

    private ForNode.Clause clause(Tag tag) {
        String code = tag.code;
        int in = Code.word(code, "in", 0);
        if (in < 0) {
            throw new TemplateException(tag.line, "{% for %} has no 'in'");
        }
        String names = code.substring(0, in).strip();
        List<String> targets = names(
                names.startsWith("(") && names.endsWith(")") ? names.substring(1, names.length() - 1) : names,
                NAME,
                tag);
        if (Code.word(code, "recursive", in) >= 0) {
            throw new TemplateException(tag.line, "recursive loops are not supported");
        }
        int condition = Code.word(code, "if", in);
        return new ForNode.Clause(
                targets,
                expression(code.substring(in + 2, condition < 0 ? code.length() : condition), tag.line),
                condition < 0 ? "" : expression(code.substring(condition + 2), tag.line));
    }

    private static List<String> names(String code, Pattern form, Tag tag) {
        List<String> names = Code.commas(code);
        if (names.isEmpty()
                || names.stream().anyMatch(name -> !form.matcher(name).matches())) {
            throw new TemplateException(tag.line, "{% " + tag.name + " %} has no name to assign to");
        }
        return names;
    }

    private SetNode assignment(Tag tag) {
        int equals = Code.assignment(tag.code);
        if (equals >= 0) {
            List<String> targets = names(tag.code.substring(0, equals), TARGET, tag);
            String value = tag.code.substring(equals + 1);
            // Several values are a list, as in Python.
            String code = Code.commas(value).size() > 1 ? "[" + value + "]" : value;
            return SetNode.of(tag.line, targets, expression(code, tag.line));
        }
        int bar = tag.code.indexOf('|');
        String target = names(bar < 0 ? tag.code : tag.code.substring(0, bar), TARGET, tag)
                .getFirst();
        String filters = bar < 0 ? "" : tag.code.substring(bar);
        expression(SetNode.filtered(filters), tag.line);
        return SetNode.ofBlock(tag.line, target, filters, closed(tag));
    }

    private MacroNode macro(Tag tag) {
        Matcher matcher = MACRO.matcher(tag.code);
        if (!matcher.matches()) {
            throw new TemplateException(tag.line, "{% macro %} has no name with parameters in parentheses");
        }
        Map<String, String> parameters = new LinkedHashMap<>();
        for (String parameter : Code.commas(matcher.group(2))) {
            int equals = Code.assignment(parameter);
            String name = equals < 0 ? parameter : parameter.substring(0, equals);
            parameters.put(
                    names(name, NAME, tag).getFirst(),
                    equals < 0 ? "" : expression(parameter.substring(equals + 1), tag.line));
        }
        int outer = loops;
        loops = 0;
        List<TemplateNode> body = closed(tag);
        loops = outer;
        return new MacroNode(tag.line, matcher.group(1), parameters, body);
    }
}
