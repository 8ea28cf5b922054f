/**
 * langchain4j's models in process: {@link io.yoco4j.langchain4j.YocoChatModel},
 * {@link io.yoco4j.langchain4j.YocoStreamingChatModel} and {@link io.yoco4j.langchain4j.YocoLanguageModel} over a
 * {@link io.yoco4j.engine.YocoModel}.
 *
 * {@snippet class="io.yoco4j.langchain4j.Langchain4jSnippets" region="chat"}
 */
@NullMarked
package io.yoco4j.langchain4j;

import org.jspecify.annotations.NullMarked;
