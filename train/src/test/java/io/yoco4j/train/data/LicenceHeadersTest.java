package io.yoco4j.train.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class LicenceHeadersTest {
    private final LicenceHeaders headers = new LicenceHeaders();

    @Test
    void theFirstBlockCommentStays() {
        String first = "/*\n * Copyright (c) 1997, 2023, Us.\n * Licence: any.\n */\n\npackage a;\n";
        assertThat(apply(first)).isEqualTo(first);
        assertThat(apply("\n/*\n * Copyright (c) 2015,   Us.\n *\tLicence: any.\n */\n\npackage b;\n"))
                .isEqualTo("package b;\n");
        assertThat(headers.stripped()).isEqualTo(1);
        String other = "/* Copyright (c) 2015, Them. */\npackage c;\n";
        assertThat(apply(other)).isEqualTo(other);
    }

    @Test
    void lineCommentsAndMarkup() {
        for (String header :
                List.of("// license: x\n// more\n", "# license: x\n#\n# more\n", "<!-- license: x -->\n")) {
            String first = header + "one " + header.charAt(0);
            assertThat(apply(first)).isEqualTo(first);
            assertThat(apply(header + "\ntwo " + header.charAt(0))).isEqualTo("two " + header.charAt(0));
        }
        apply("#!/bin/sh\n# copyright me\n\necho one\n");
        assertThat(apply("#!/bin/sh\n# copyright me\n\necho two\n")).isEqualTo("#!/bin/sh\necho two\n");
        apply("<?xml version=\"1.0\"?>\n<!-- copyright me -->\n<a/>");
        assertThat(apply("<?xml version=\"1.0\"?>\n<!-- copyright me -->\n<b/>"))
                .isEqualTo("<?xml version=\"1.0\"?>\n<b/>");
    }

    @Test
    void otherCommentsStay() {
        for (String comment : List.of("/** What it does. */\n", "# Title\n", "/* copyright, never closed\n")) {
            assertThat(apply(comment + "one")).isEqualTo(comment + "one");
            assertThat(apply(comment + "two")).isEqualTo(comment + "two");
        }
        apply("class A {} // copyright\n");
        assertThat(apply("class B {} // copyright\n")).isEqualTo("class B {} // copyright\n");
        assertThat(headers.stripped()).isZero();
    }

    @Test
    void duplicatesGo() {
        apply("same");
        assertThat(headers.apply(new Document("2", "same"))).isEmpty();
        apply("/* licence 1 */ body");
        assertThat(headers.apply(new Document("3", "/* licence 2 */ body"))).isEmpty();
        assertThat(apply("/* licence only */")).isEqualTo("/* licence only */");
        assertThat(headers.apply(new Document("4", "/* licence only */"))).isEmpty();
        assertThat(headers.duplicates()).isEqualTo(3);
    }

    @Test
    void contentHashIgnoresTheHeader() {
        long stripped = new LicenceHeaders()
                .keep(new Document("", "/* licence */\nbody"))
                .orElseThrow()
                .contentHash();
        assertThat(new LicenceHeaders()
                        .keep(new Document("", "body"))
                        .orElseThrow()
                        .contentHash())
                .isEqualTo(stripped);
    }

    @Test
    void hashedSetGrows() {
        HashedSet set = new HashedSet();
        for (long i = 0; i < 10_000; i++) {
            assertThat(set.add(i << 12)).isTrue();
        }
        for (long i = 0; i < 10_000; i++) {
            assertThat(set.add(i << 12)).isFalse();
        }
        assertThat(set.add(1)).isTrue();
    }

    private String apply(String text) {
        return headers.apply(new Document("x", text)).orElseThrow().text();
    }
}
