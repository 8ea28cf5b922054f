package io.yoco4j.server.schedule;

import io.yoco4j.engine.FinishReason;
import io.yoco4j.engine.LoopsUsed;
import java.time.Duration;

/** Hears what a scheduler does, on its thread: for metrics. */
public interface SchedulerObserver {
    /** Hears nothing. */
    SchedulerObserver NONE = new SchedulerObserver() {};

    /** A prompt was looked up in the prefix cache: its tokens, and how many of them were there. */
    default void prefixLookup(int tokens, int hits) {}

    /** A request's first token was drawn, so long after its submission. */
    default void firstToken(Duration afterSubmission) {}

    /** A further token of a choice was drawn, so long after the one before. */
    default void nextToken(Duration afterPrevious) {}

    /** A token was drawn. */
    default void drawn() {}

    /** A choice ended. */
    default void finished(FinishReason reason, Duration afterSubmission) {}

    /** Texts took so many loops, those that were cancelled or failed included, and those of prompts. */
    default void looped(LoopsUsed loops) {}

    /** A request failed or was cancelled. */
    default void failed(String reason) {}

    /** A step ran, with so many tokens of prompts and so many texts that waited for their next one. */
    default void step(int promptTokens, int decodedTokens, Duration took) {}
}
