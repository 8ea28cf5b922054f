package io.yoco4j.engine.kernel;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;

/** What a JVM may allocate beside its heap. */
public final class DirectMemory {
    private DirectMemory() {}

    /** Bytes of off-heap memory that the JVM gives out at most: -XX:MaxDirectMemorySize, by default as much as the heap may have. */
    public static long limit() {
        long given = Long.parseLong(ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
                .getVMOption("MaxDirectMemorySize")
                .getValue());
        return given == 0 ? Runtime.getRuntime().maxMemory() : given;
    }
}
