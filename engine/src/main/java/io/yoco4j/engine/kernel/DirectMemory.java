package io.yoco4j.engine.kernel;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;

/** What a JVM may allocate beside its heap. */
public final class DirectMemory {
    private DirectMemory() {}

    /**
     * Bytes that buffers and the arenas that the collector frees may have together: -XX:MaxDirectMemorySize, by default as
     * much as the heap may have. Arenas that are closed are not bounded (tried with 300 MiB on JDK 25).
     */
    public static long limit() {
        long given = Long.parseLong(ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
                .getVMOption("MaxDirectMemorySize")
                .getValue());
        return given == 0 ? Runtime.getRuntime().maxMemory() : given;
    }
}
