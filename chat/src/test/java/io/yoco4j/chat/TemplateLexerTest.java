package io.yoco4j.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TemplateLexerTest {

    /** Text with · for a blank and / for a line's end; code becomes its first letter. */
    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                // A block takes the line's end after it, and blanks before it where it begins its line.
                "{% if a %}/x, ix",
                "{% if a %}//x, i/x",
                "{% if a %}·/x, i·/x",
                "··{% if a %}x, ix",
                "y/··{% if a %}x, y/ix",
                "y··{% if a %}x, y··ix",
                "{% if a %}··{% if b %}x, i··ix",
                "{% if a %}/··{% if b %}x, iix",
                "{{ a }}··{% if b %}x, a··ix",
                // An expression takes nothing, and a sign takes all or nothing.
                "··{{ a }}/x, ··a/x",
                "y/·/{%- if a -%}·/·x, yix",
                "··{%+ if a +%}/x, ··i/x",
                "y·{{- a -}}·x, yax",
                "y/{#- c -#}·/x, yx",
                "··{# c #}/x, x",
                "{# c +#}/x, /x",
                "{% raw %}/{{ a }}·{% endraw %}/x, /{{·a·}}·x",
                "{%- raw -%}·{{ a }}·{%- endraw -%}·x, {{·a·}}x",
                // One line's end at the end is not part of the template.
                "x/, x",
                "x//, x/",
                "{% if a %}/, i",
                // Delimiters in strings and brackets close nothing.
                "{{ '}}' }}x, 'x",
                "{{ {'a': {}} }}x, {x",
                "{% if \"%}\" %}x, ix",
                "{·{{ a }}, {·a",
                "x}}%}#}, x}}%}#}"
            })
    void blanksAreTakenAsJinjaTakesThem(String source, String expected) {
        String template = source.replace('·', ' ').replace('/', '\n');
        String text = TemplateLexer.pieces(template).stream()
                .map(p -> p.kind() == Piece.Kind.TEXT ? p.text() : p.text().substring(0, 1))
                .collect(Collectors.joining());
        assertThat(text).isEqualTo(expected.replace('·', ' ').replace('/', '\n'));
    }

    @Test
    void piecesKnowTheirLines() {
        List<Piece> pieces = TemplateLexer.pieces("a\r\n{% if b %}\r\n{# c\n #}\n{{ d\n }}\re");
        assertThat(pieces)
                .containsExactly(
                        new Piece(Piece.Kind.TEXT, "a\n", 1),
                        new Piece(Piece.Kind.TAG, "if b", 2),
                        new Piece(Piece.Kind.EXPRESSION, "d", 5),
                        new Piece(Piece.Kind.TEXT, "\ne", 6));
    }
}
