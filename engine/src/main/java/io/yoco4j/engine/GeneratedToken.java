package io.yoco4j.engine;

/**
 * A generated token.
 *
 * @param id the token
 * @param text what became certain with it: empty while a code point is incomplete or a stop string may be starting
 * @param promptTokens tokens of the prompt
 * @param generatedTokens tokens generated so far, this one included
 */
public record GeneratedToken(int id, String text, int promptTokens, int generatedTokens) {}
