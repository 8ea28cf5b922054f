package io.yoco4j.chat;

import static io.yoco4j.chat.TemplateFixture.messages;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What expressions and tags come to in Jinja 3, where jinjava has an answer of its own above all. */
class TemplateDialectTest {

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '§',
            ignoreLeadingAndTrailingWhitespace = true,
            quoteCharacter = '`',
            value = {
                "1 + 2 * 3 § 7",
                "10 / 4 § 2.5",
                "7 // 2 § 3",
                "7 % 3 § 1",
                "2 ** 3 § 8",
                "- 3 + 5 § 2",
                "'a' ~ 1 ~ true § a1True",
                "[1, 'a', true, none] § [1, 'a', True, None]",
                "{'a': {'b': [1]}} § {'a': {'b': [1]}}",
                "\"it's\" § it's",
                "[\"it's\"] § [\"it's\"]",
                "'\\u00e9\\x41\\d' § éA\\d",
                // not stands above comparisons, filters below everything else
                "not 1 == 2 § True",
                "not 'x' in 'abc' § True",
                "'x' not in ['a', 'b'] § True",
                "'<' + ' a ' | trim + '>' § <a>",
                "1 ~ 2 + '3' ~ 4 * 5 § 12320",
                "'a' if false else 'b' if false else 'c' § c",
                "('x' if false) ~ '.' § .",
                "'a' and 'b' § b",
                "'' or 'b' § b",
                "0 and 1 § 0",
                // no conversion
                "'1' == 1 § False",
                "1 == 1.0 § True",
                "true == 'true' § False",
                "[1, {'a': 2}] == [1, {'a': 2}] § True",
                "'y' if 'false' else 'n' § y",
                "'y' if [] or {} or '' or 0 else 'n' § n",
                // items and slices
                "'abc'[1] ~ 'abc'[-1] § bc",
                "'abcdef'[1:3] ~ 'abcdef'[-2:] ~ 'abcdef'[:-4] § bcefab",
                "'abcdef'[::-1] ~ 'abcdef'[::2] ~ 'abcdef'[4:1:-2] § fedcbaaceec",
                "'abc'[7:] ~ [1, 2][5:] § []",
                "[1, 2, 3][::-1] § [3, 2, 1]",
                "'😀b'[1] ~ '😀b'[::-1] ~ '😀b'|length § bb😀2",
                "[1, 2] + [3] § [1, 2, 3]",
                "(1, 2)[1] § 2",
                "{'a': 1}['b'] is defined § False",
                // methods
                "' x '.strip() ~ 'xxaxx'.strip('x') ~ 'xa'.lstrip('x') ~ 'ax'.rstrip('x') § xaaa",
                "'abc'.startswith('ab') and 'abc'.endswith(('x', 'c')) § True",
                "'a,b,,c'.split(',') § ['a', 'b', '', 'c']",
                "' a b  c '.split() § ['a', 'b', 'c']",
                "'a,b,c'.split(',', 1) § ['a', 'b,c']",
                "'a.b|c'.split('.')[1].split('|')[0] § b",
                "'a-b-c'.rsplit('-', 1) § ['a-b', 'c']",
                "'  a  b  c  '.split(none, 1) ~ ' a'.split() ~ ''.split() ~ '  '.split() § ['a', 'b  c']['a'][][]",
                "[1]|tojson(false) ~ {'a': 1}|tojson(ensure_ascii=false, sort_keys=false) § [1]{\"a\": 1}",
                "'aXbX'.replace('X', '-', 1) ~ 'a.b'.replace('.', '') § a-bXab",
                "'-'.join(['a', 'b']) ~ 'ab'.upper() ~ 'AB'.lower() § a-bABab",
                "'hELLO wORLD'.title() ~ 'hELLO'.capitalize() § Hello WorldHello",
                "'abcb'.find('b') ~ 'abcb'.rfind('b') ~ 'a'.find('x') ~ 'aa'.count('a') § 13-12",
                "'prefix'.removeprefix('pre') ~ 'prefix'.removesuffix('x') § fixprefi",
                "{'a': 1}.items()|list ~ {'a': 1}.get('b', 2) ~ {'a': 1}.keys()|list § [['a', 1]]2['a']",
                // filters
                "[3, 4]|first ~ [3, 4]|last ~ [3, 4]|length ~ [3, 4]|join('+') § 3423+4",
                "nope|default('d') ~ ''|default('d') ~ ''|default('d', true) § dd",
                "'' is none ~ (nope|default(none)) is none ~ nope|default(default_value='e') § FalseTruee",
                "'12'|int + 1 § 13",
                "messages|map(attribute='role')|join(' ') § system user",
                "messages|map(attribute='name', default='-')|join § --",
                "messages|rejectattr('role', 'equalto', 'user')|map(attribute='content')|first § be",
                "messages|selectattr('tool_calls', 'defined')|list § []",
                "[1, 2, 3]|select('odd')|list ~ [' a ']|map('trim')|list § [1, 3]['a']",
                "[2, 1]|reverse|list § [1, 2]",
                "'1.5'|float ~ 'x'|float(2) ~ '3'|float ~ (0 - 3)|abs ~ (0 - 1.5)|abs § 1.523.031.5",
                "('a\\n\\nb'|indent ~ '/' ~ 'a\\nb\\n'|indent(2, true) ~ '/' ~ 'a\\n\\nb'|indent('> ', blank=true) ~ '/' ~ ''|indent(2, true))"
                        + "|replace('\\n', '.') § `a..    b/  a.  b./a.> .> b/  `",
                "['b', 'A', 'c']|sort|join ~ [3, 1, 2]|sort(reverse=true)|join ~ ['b', 'A']|sort(case_sensitive=true)|join § Abc321Ab",
                "messages|sort(attribute='content')|map(attribute='role')|join(' ') § system user",
                "['a', 'A', 'b', 'a']|unique|join ~ [1, 2, 1]|unique|join ~ ['a', 'A']|unique(true)|join § ab12aA",
                "'é\"'|tojson ~ [1, true, none, {'a': 1.5}]|tojson § \"é\\\"\"[1, true, null, {\"a\": 1.5}]",
                // tests
                "messages is defined and nope is not defined and nope is undefined § True",
                "'a' is string and [] is iterable and {} is mapping and [] is not mapping and 1 is number § True",
                "3 is odd and 4 is divisibleby 2 and 4 is divisibleby(2) and 'a' is equalto 'a' and 'a' is in ['a'] § True",
                "none is none and true is true and false is not true and true is boolean § True",
                "range(3)|list ~ range(1, 7, 2)|list ~ dict(a=1, b=1 + 1) § [0, 1, 2][1, 3, 5]{'a': 1, 'b': 2}",
                "strftime_now('%Y-%m-%d %H:%M %A') § 2025-03-04 05:06 Tuesday",
            })
    void anExpressionComesTo(String expression, String value) {
        String text = TemplateFixture.render(
                folder, "{{ " + expression + " }}", messages("system", "be", "user", "hi"), false);
        assertThat(text).isEqualTo(value);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '§',
            quoteCharacter = '`',
            value = {
                "{% for i in [1, 2, 3] %}{{ loop.index }}{{ loop.first }}{{ loop.last }}{{ loop.revindex }} {% endfor %}."
                        + " § 1TrueFalse3 2FalseFalse2 3FalseTrue1 .",
                "{% for i in [4, 5] %}{{ loop.previtem }}<{{ i }}>{{ loop.nextitem }}{% endfor %} § <4>54<5>",
                "{% for i in [1, 2, 3, 4] if i % 2 == 0 %}{{ loop.index0 }}:{{ i }}/{{ loop.length }} {% endfor %}. § 0:2/2 1:4/2 .",
                "{% for i in [] %}x{% else %}none{% endfor %} § none",
                "{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}{{ v }}{% endfor %} § a1b2",
                "{% for i in [1, 2, 3, 4] %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 4 %}{% break %}{% endif %}{{ i }}"
                        + "{% endfor %}! § 13!",
                "{% for i in [1, 2] %}{% for j in 'ab' %}{{ loop.index }}{{ j }}{% endfor %}{{ loop.index }}{% endfor %} § 1a2b11a2b2",
                // what a loop sets, neither the next iteration nor what follows sees; a namespace they do
                "{% set x = 1 %}{% for i in [1, 2] %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }} § 231",
                "{% set ns = namespace(x=1) %}{% for i in [1, 2] %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }} § 4",
                "{% if true %}{% set x = 'in' %}{% endif %}{{ x }} § in",
                "{% set a, b = 1, [2, 3] %}{{ a }}{{ b }} § 1[2, 3]",
                "{% set x %}a {{ 1 + 1 }}{% endset %}[{{ x }}] § [a 2]",
                "{% set x | upper | trim %} a {% endset %}[{{ x }}] § [A]",
                "{% macro f(a, b='z', c=[1, 2]) %}<{{ a }}{{ b }}{{ c[1] }}>{% endmacro %}{{ f(1) ~ f('q', b='w') }} § <1z2><qw2>",
                "{% macro down(n) %}{{ n }}{% if n > 0 %}{{ down(n - 1) }}{% endif %}{% endmacro %}{{ down(3) }} § 3210",
                // none hides what is around it, too
                "{% set x = 1 %}{% for i in [1] %}{% set x = none %}[{{ x }}{{ x is none }}]{% endfor %}{{ x }} § [True]1",
                "{% set x = 1 %}{% for x in [none, 2] %}[{{ x }}]{% endfor %}{% for i, x in [[3, none]] %}[{{ x }}]{% endfor %}{{ x }}"
                        + " § [][2][]1",
                "{% set x = 1 %}{% set y = 2 %}{% macro f(x, y=none) %}[{{ x }}{{ y }}]{% endmacro %}{{ f() }}{{ f(none) }}{{ x }}"
                        + " § [][]1",
                "{% if x is defined %}1{% elif messages %}2{% else %}3{% endif %} § 2",
                "{% generation %}x{% endgeneration %} § x",
                "{{ '{{' ~ '%}' }}{% raw %}{{ x }}{% endraw %}{# not '{{ this #} § {{%}{{ x }}",
            })
    void tagsComeTo(String template, String text) {
        assertThat(TemplateFixture.render(folder, template)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '§',
            quoteCharacter = '`',
            value = {
                "{{ 'a' + nope }} § line 1: + cannot add what is not defined to a string (in 'a' + nope)",
                "{{ 'a' + 1 }} § cannot add a number",
                "{{ nope.role }} § 'role' is asked for of a value that is not defined",
                "{{ messages[3]['role'] }} § 'role' is asked for",
                "{{ nope.strip() }} § .strip() is called",
                "{{ 'a'.swapcase() }} § a string has no method swapcase",
                "{{ 'a'|xmlattr }} § no filter xmlattr",
                "{{ ['a', 1]|sort }} § the filter sort compares numbers or strings alone",
                "{{ [[1], [1]]|unique|join }} § the filter unique tells apart numbers, strings and truths alone",
                "{{ messages|unique(attribute='name') }} § the filter unique meets a value that is not defined",
                "{{ 'a'|abs }} § the filter abs takes a number",
                "{{ 'a' is filled }} § no test filled",
                "{{ nope() }} § 'nope'",
                "{{ 1 // 0 }} § by zero",
                "{% for a, b in [[1, 2, 3]] %}{% endfor %} § a, b",
                "{% set x = {} %}{% set x.y = 1 %} § x is no namespace",
            })
    void whatFailsWhenItRunsIsReported(String source, String reason) {
        ChatTemplate template = TemplateFixture.template(folder, source);
        assertThatThrownBy(() -> template.render(messages("user", "hi"), false))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(folder.resolve("chat_template.jinja") + ": line 1: ")
                .hasMessageContaining(reason);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '§',
            quoteCharacter = '`',
            value = {
                "{{ a § {{ is not closed with }}",
                "{% if a § {% is not closed with %}",
                "{# a § {# is not closed with #}",
                "{{ 'a }} § a string is not closed",
                "{{ 1 + }} § '1 +' is no expression",
                "{{ a b }} § 'a b' is no expression",
                "{{ messages[1:2:3:4] }} § is no expression",
                "{{ }} § an expression is empty",
                "{% if %}x{% endif %} § an expression is empty",
                "{% if a %}x § {% if %} has no {% endif %}",
                "{% if a %}{% for b in c %}{% endif %} § {% endif %} has no place here",
                "{% endfor %} § {% endfor %} has no place here",
                "{% if a %}{{ 1 + }}{% endif %} § '1 +' is no expression",
                "{% for x %}{% endfor %} § no 'in'",
                "{% for 1 in x %}{% endfor %} § no name to assign to",
                "{% set 'a' = 1 %} § no name to assign to",
                "{% break %} § outside of a loop",
                "{% raw %} § {% raw %} has no {% endraw %}",
                "{% include 'x' %} § {% include %} has no place here",
            })
    void whatIsNoTemplateIsRefusedWhenRead(String source, String reason) {
        assertThatThrownBy(() -> TemplateFixture.template(folder, "x\n" + source))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(folder.resolve("chat_template.jinja") + ": line 2: ")
                .hasMessageContaining(reason);
    }

    /** Rather than to be ignored. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '§',
            quoteCharacter = '`',
            value = {
                "[1]|tojson(separators=(',', ':')) § tojson has no other form",
                "[1]|tojson(sort_keys=true) § tojson has no other form",
                "[1]|tojson(true) § tojson has no other form",
                "[1]|tojson(colour=1) § tojson does not take an argument colour",
                "'abcx'.find('x', 2) § find does not take 2 arguments",
                "'abc'.startswith('b', 1) § startswith does not take 2 arguments",
                "'aaa'.count('a', 1) § count does not take 2 arguments",
                "'ff'|int(base=16) § int does not take an argument base",
                "messages|map(attribute='role', colour=1)|list § map does not take an argument colour",
                "'a'|upper(3) § upper does not take 1 argument",
                "messages[0].items(1) § items does not take 1 argument"
            })
    void argumentsThatNothingTakesAreRefused(String expression, String message) {
        ChatTemplate template = TemplateFixture.template(folder, "{{ " + expression + " }}");
        assertThatThrownBy(() -> template.render(messages("user", "hi"), false))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(message);
    }
}
