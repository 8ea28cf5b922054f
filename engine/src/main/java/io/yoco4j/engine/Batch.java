package io.yoco4j.engine;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.engine.exec.BatchRows;
import io.yoco4j.engine.exec.LayerTap;
import io.yoco4j.engine.exec.StageExecutor;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One step of many sessions of a model: tokens to decode and chunks of prompts, which go through the weights together.
 * Each session gets what it would get alone, within rounding. This is the unit that a scheduler calls, over and over:
 * add entries, {@link #run}, read logits, {@link #clear}. A batch that has been as large as it gets allocates nothing
 * more.
 *
 * {@snippet class="io.yoco4j.engine.EngineSnippets" region="batch"}
 *
 * <p>One thread uses a batch at a time. Its sessions are in use while {@link #run} runs, and free for others otherwise;
 * whoever moves a session between being added and being run moves where its tokens go.
 */
public final class Batch {
    private static final class Entry {
        @Nullable
        Session session;

        int count;
        int wanted;
        /** Of its first row of logits. */
        int firstLogits;

        Session session() {
            return Objects.requireNonNull(session);
        }
    }

    private final YocoModel model;
    private final int vocabulary;
    private final BatchRows rows = new BatchRows();
    private final StageExecutor.LogitSink sink = this::take;
    private final int[] oneId = new int[1];
    private Entry[] entries = {};
    private float[][] logits = {};
    private int logitRows;
    private boolean started;
    private boolean done;

    Batch(YocoModel model) {
        this.model = model;
        vocabulary = model.architecture().vocabSize();
    }

    /** Removes all entries, and lets go of their sessions. */
    public Batch clear() {
        for (int i = 0; i < size(); i++) {
            entries[i].session = null;
        }
        rows.clear();
        logitRows = 0;
        started = false;
        done = false;
        return this;
    }

    /** Entries. */
    public int size() {
        return rows.size();
    }

    /** Tokens of all entries. */
    public int tokens() {
        return rows.tokens();
    }

    /**
     * Adds one token of a session, and asks for the logits after it.
     *
     * @return the entry's number, from 0
     * @throws InvalidInputException as {@link #prefill} does
     */
    public int decode(Session session, int id) {
        oneId[0] = id;
        return prefill(session, oneId, 0, 1, Logits.LAST);
    }

    /**
     * Adds tokens {@code ids[from .. from + count]} of a session. They are taken in at once, not in chunks: activations
     * for the largest step so far are kept, so a scheduler cuts prompts such that all entries have about
     * {@link EngineOptions#prefillChunk} tokens together.
     *
     * @param ids copied
     * @param which of them logits are wanted of
     * @return the entry's number, from 0
     * @throws InvalidInputException when there is no token, one is not of the vocabulary, there are more than the context
     *     may have, or more than {@link YocoModel#maxBatchTokens} in all; the batch stays as it was
     * @throws IllegalArgumentException when the session is of another model or has an entry already
     * @throws IllegalStateException when the batch has run
     */
    public int prefill(Session session, int[] ids, int from, int count, Logits which) {
        requireNew(session);
        session.requireTokens(ids, from, count);
        if (count > model.maxBatchTokens() - tokens()) {
            throw new InvalidInputException("the batch would have " + ((long) tokens() + count)
                    + " tokens, but a step takes " + model.maxBatchTokens() + " at most: add fewer at once");
        }
        int number = size();
        if (number == entries.length) {
            entries = Arrays.copyOf(entries, Math.max(1, 2 * number));
            Arrays.setAll(entries, i -> i < number ? entries[i] : new Entry());
        }
        Entry entry = entries[number];
        entry.session = session;
        entry.count = count;
        entry.wanted = which.first(count);
        entry.firstLogits = logitRows;
        logitRows += count - entry.wanted;
        rows.add(session.context(), session.exit(), ids, from, count, entry.wanted);
        return number;
    }

    private void requireNew(Session session) {
        if (started) {
            throw new IllegalStateException("the batch has run: clear it before adding to it");
        }
        if (session.model() != model) {
            throw new IllegalArgumentException("the session is of another model than the batch");
        }
        for (int i = 0; i < size(); i++) {
            if (entries[i].session == session) {
                throw new IllegalArgumentException(
                        "the session has entry " + i + " already, but takes part in a step once: run the batch first");
            }
        }
    }

    /**
     * Takes in the tokens of all entries and computes the logits asked for. A call that is refused changes nothing, and
     * may be repeated; if a step fails halfway, its sessions must be reset.
     *
     * @throws InvalidInputException when a session has gone on since it was added and has too few positions now, or when
     *     memory cannot hold what a session would have or the logits asked for
     * @throws IllegalStateException when the model is closed, a session is in use by another thread or broken by a step
     *     that failed, or the batch has run
     */
    public void run() {
        if (started) {
            throw new IllegalStateException("the batch has run: clear it before the next step");
        }
        model.requireOpen();
        enter();
        try {
            started = true;
            setBroken(true);
            model.run(rows, sink, LayerTap.NONE);
            setBroken(false);
            done = true;
        } finally {
            leave(size());
        }
    }

    private void reserveLogits() {
        int had = logits.length;
        if (logitRows > had) {
            float[][] more = model.memory().logits(logitRows - had, vocabulary);
            logits = Arrays.copyOf(logits, logitRows);
            System.arraycopy(more, 0, logits, had, more.length);
        }
    }

    /** Takes all sessions or, where one is refused, none. */
    private void enter() {
        int entered = 0;
        try {
            while (entered < size()) {
                Session session = entries[entered].session();
                session.enter();
                entered++;
                session.requireRoom(entries[entered - 1].count);
                model.memory().reserve(session.context(), entries[entered - 1].count, 0);
            }
            reserveLogits();
        } catch (RuntimeException | Error e) {
            for (int i = 0; i < entered; i++) {
                entries[i].session().context().trim();
            }
            leave(entered);
            throw e;
        }
    }

    private void leave(int count) {
        for (int i = 0; i < count; i++) {
            entries[i].session().leave();
        }
    }

    private void setBroken(boolean broken) {
        for (int i = 0; i < size(); i++) {
            entries[i].session().setBroken(broken);
        }
    }

    private void take(int entry, int row, float[] from, int offset) {
        Entry e = entries[entry];
        System.arraycopy(from, offset, logits[e.firstLogits + row - e.wanted], 0, vocabulary);
    }

    /** How many tokens of an entry there are logits of: none, one, or all. */
    public int logitRows(int entry) {
        Objects.checkIndex(entry, size());
        return entries[entry].count - entries[entry].wanted;
    }

    /**
     * Logits [V] of the {@code i}-th of them; the array is overwritten by later steps.
     *
     * @throws IllegalStateException when the batch has not run
     */
    public float[] logits(int entry, int i) {
        Objects.checkIndex(i, logitRows(entry));
        if (!done) {
            throw new IllegalStateException("the batch has no logits: run it first");
        }
        return logits[entries[entry].firstLogits + i];
    }

    /**
     * Logits [V] after an entry's last token, as {@link #logits(int, int)}.
     *
     * @throws IllegalStateException when none of the entry were asked for, or the batch has not run
     */
    public float[] logits(int entry) {
        int rows = logitRows(entry);
        if (rows == 0) {
            throw new IllegalStateException(
                    "no logits of entry " + entry + " were asked for: add it with those of its last token or of all");
        }
        return logits(entry, rows - 1);
    }
}
