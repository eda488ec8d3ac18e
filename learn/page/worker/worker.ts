/** What a worker of the page runs: one of them looks, another one trains, as they are told. One file, so that both load the same. */
import type { TrainingOrder } from "../messages.ts";
import { hearAsked } from "./look.ts";
import type { Asked } from "./look.ts";
import { hearOrder } from "./train.ts";

self.onmessage = ({ data }) => {
  const message = data as Asked | TrainingOrder;
  if ("order" in message) hearOrder(message);
  else hearAsked(message);
};
