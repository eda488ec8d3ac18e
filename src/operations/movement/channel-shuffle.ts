/** Channels [groups, C/groups] become [C/groups, groups]: x [N,C,H,W]. */
import { shuffleShape } from "../../../kernels/shapes.ts";
import { checkImage, perChannel, routineOf } from "../record.ts";
import type { Computation, Declaration } from "../record.ts";

export const channelShuffle: Declaration<"channel_shuffle"> = {
  shape({ groups }, [x]) {
    const [batch, channels, height, width] = checkImage("channel_shuffle", x);
    shuffleShape(batch, channels, height * width, groups);
    return x;
  },
};

export const channelShuffleComputation: Computation<"channel_shuffle"> = {
  routine: routineOf((node) => ({ ...perChannel(node), groups: node.operation.groups }), "channelShuffleForward"),

  check({ x, add }) {
    add({ kind: "channel_shuffle", groups: 4 }, x.shape, x);
  },
};
