package io.yoco4j.engine.kernel;

/**
 * What a machine can do at most, as {@link MachineProbe} measured it.
 *
 * @param flops float32 operations per second in registers, 2 per multiply-add
 * @param bytesPerSecond read in order from memory that no cache holds
 */
public record MachineLimits(double flops, double bytesPerSecond) {

    /** The higher of two measurements, figure by figure: noise only ever lowers them. */
    public MachineLimits max(MachineLimits other) {
        return new MachineLimits(Math.max(flops, other.flops), Math.max(bytesPerSecond, other.bytesPerSecond));
    }
}
