package io.yoco4j.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class LogprobListTest {
    /** Of code points in the text, where tokens may have parts of one. */
    @Test
    void offsetsCountCodePointsOfTheText() {
        byte[] text = "a\u00e9\ud83d\ude00b".getBytes(StandardCharsets.UTF_8);
        int[] ends = {1, 2, 3, 5, 7, 8};
        LogprobList list = new LogprobList(i -> Arrays.copyOfRange(text, i == 0 ? 0 : ends[i - 1], ends[i]));
        for (int i = 0; i < ends.length; i++) {
            list.addFirst(i);
        }
        List<Integer> offsets = new ArrayList<>();
        for (JsonNode offset : list.parallelArrays(0).path("text_offset")) {
            offsets.add(offset.asInt());
        }
        assertThat(offsets).containsExactly(0, 1, 1, 2, 2, 3);
    }
}
