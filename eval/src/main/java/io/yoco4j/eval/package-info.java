/** What a language model knows: tasks, their scoring rules and their results, over any {@link io.yoco4j.eval.LanguageModel}. */
@NullMarked
package io.yoco4j.eval;

import org.jspecify.annotations.NullMarked;
