/** What the page and its workers say to each other. Pictures and numbers go as typed arrays; everything else is plain data. */

/** RGBA bytes, row by row. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/** The page of kernels/reference whose lines a block's are, by its file's name. */
export type LinePage =
  | "squeeze-excite" | "effective-squeeze-excite" | "efficient-channel-attention" | "spatial-squeeze-excite";

/** An SE block, or a relative of it, as the page names it. */
export interface BlockInfo {
  readonly name: string;
  readonly channels: number;
  /** Whose gates they are, and how many there are. */
  readonly by: "channel" | "pixel";
  readonly count: number;
  /** Is what it scales added to what gates of the other kind scale (scSE)? */
  readonly concurrent: boolean;
  /** Numbers of the hidden layer; 0 where there is none. */
  readonly hidden: number;
  /** The function that makes the gate, such as "sigmoid". */
  readonly activation: string;
  /** The function of the hidden layer; undefined where there is none. */
  readonly inner: string | undefined;
  /** Of the channels that are scaled. */
  readonly height: number;
  readonly width: number;
  /** Whose lines have numbers; undefined where none are this block's, and why: then the lines are SE's own. */
  readonly page: LinePage | undefined;
  readonly differs: string;
}

/** A network that was opened. */
export interface Opened {
  readonly title: string;
  /** Which kernels run, and why: `session.kernels`. */
  readonly kernels: string;
  readonly classes: readonly string[];
  /** Does it answer for every pixel? Then `probabilities` of a look are shares of pixels. */
  readonly pixels: boolean;
  readonly blocks: readonly BlockInfo[];
  /** What pictures become before they go in. */
  readonly input: { readonly height: number; readonly width: number; readonly gray: boolean };
  /** What the file left open and the page decided. */
  readonly notes: readonly string[];
  /** Milliseconds from bytes to sessions. */
  readonly took: number;
  /** When the worker got how far, milliseconds since 1970. */
  readonly steps: readonly (readonly [name: string, time: number])[];
}

/** Small pictures of channels side by side, grey. */
export interface Sheet {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8ClampedArray;
  /** Channels on it, of so many; so many side by side, each of this size, a pixel apart. */
  readonly shown: number;
  readonly channels: number;
  readonly across: number;
  readonly cell: readonly [height: number, width: number];
}

/** The number that is looked at: a channel of a block, a hidden number, a pixel of the channel. */
export interface Selection {
  readonly block: number;
  readonly channel: number;
  readonly hidden: number;
  /** Row by row in the channel's map. */
  readonly pixel: number;
}

/** Gates that are set, by block: [gates], NaN where the block's own stays. */
export type Overrides = ReadonlyMap<number, Float32Array>;

export interface LookRequest {
  /** Undefined: the one before. */
  readonly picture: Picture | undefined;
  readonly overrides: Overrides;
  readonly selection: Selection;
  /** The class whose loss goes backward; undefined: nothing does. */
  readonly target: number | undefined;
}

export interface BlockValues {
  /**
   * [gates]; [hidden], behind its activation, empty where there is none; [gates] as they were used, and as the block itself would have
   * them (where all of a block is set: would have had them, had nothing been set).
   */
  readonly squeeze: Float32Array;
  readonly hidden: Float32Array;
  readonly gates: Float32Array;
  readonly own: Float32Array;
}

/**
 * The numbers of the selected block at every line of its page, forward. [C] or [hidden]; gates and what they are made of, e and s, may be
 * of pixels, and then z is the selected pixel in all channels.
 */
export interface ForwardLines {
  readonly z: Float32Array;
  readonly a: Float32Array;
  readonly h: Float32Array;
  readonly e: Float32Array;
  readonly s: Float32Array;
  /**
   * The row of w1 [C] and of b1 of the selected hidden number, where there is one; the row of the last layer and its bias of the selected
   * channel; ECA's kernel, or the weights [C] of gates of pixels.
   */
  readonly w1: Float32Array;
  readonly b1: number | undefined;
  readonly w2: Float32Array;
  readonly b2: number | undefined;
}

/** And backward. */
export interface BackwardLines {
  readonly ds: Float32Array;
  readonly de: Float32Array;
  readonly da: Float32Array;
  readonly dz: Float32Array;
  /** Of the selected channel's map, [H,W] each. */
  readonly dy: Float32Array;
  readonly dx: Float32Array;
  /** Of the selected hidden number and channel: sum over c of w2[c,k] de[c], before the ReLU. */
  readonly dh: number;
}

/** What there is to see of the selected channel. */
export interface Detail {
  readonly selection: Selection;
  /** [H,W], before it is scaled. */
  readonly map: Float32Array;
  /** Of the convolution that makes the channel, [inputs,height,width]; undefined where none does. */
  readonly kernel: { readonly data: Float32Array; readonly shape: readonly number[] } | undefined;
  readonly forward: ForwardLines | undefined;
  readonly backward: BackwardLines | undefined;
}

export interface Look {
  readonly probabilities: Float32Array;
  /** Where it answers for every pixel: 1 for what is no background, 0 for what is, and between where it is not sure. */
  readonly mask: { readonly height: number; readonly width: number; readonly data: Float32Array } | undefined;
  readonly input: Sheet;
  /** Of the channels before they are scaled; one a block. */
  readonly sheets: readonly Sheet[];
  readonly blocks: readonly BlockValues[];
  readonly detail: Detail;
  /** By block: the loss's gradient by each gate. */
  readonly gradients: readonly Float32Array[] | undefined;
  /** Why there are none, though they were asked for. */
  readonly noGradients: string | undefined;
  readonly loss: number | undefined;
  /** Milliseconds in the worker. */
  readonly took: number;
}

export interface OpenRequest {
  readonly bytes: Uint8Array;
  readonly name: string;
  /** Is it one of the page's own, bundled or trained in it? */
  readonly own: boolean;
}

/** How pictures are prepared, where the file does not say it, or says it wrong. "file": as it says, or as is usual for its network. */
export interface Preparation {
  readonly levels: "file" | "imagenet" | "one" | "signed" | "bytes";
  readonly order: "file" | "rgb" | "bgr";
  /** The middle of the picture, or all of it, squeezed into the network's size. */
  readonly part: "file" | "middle" | "whole";
}

/** What can be asked of the worker that looks. */
export interface Actions {
  open(request: OpenRequest): Promise<Opened>;
  /** What was opened in haste is compiled as all else is. @returns the kernels that run from now on */
  settle(request: undefined): Promise<string>;
  look(request: LookRequest): Promise<Look>;
  /** The next look wants a picture. */
  prepare(preparation: Preparation): Promise<void>;
}

/** What the worker that trains is told ... */
export type TrainingOrder =
  | { readonly order: "begin"; readonly steps: number; readonly seed: number; readonly rate: number }
  | { readonly order: "stop" };

/** ... and says. */
export type TrainingNews =
  | {
      readonly news: "step"; readonly step: number; readonly losses: Float32Array;
      /** Share of new pictures that are named rightly, now and then. */
      readonly accuracy: number | undefined;
      /** By block, for one picture that stays the same. */
      readonly gates: readonly Float32Array[];
    }
  | {
      readonly news: "end"; readonly weights: Uint8Array; readonly accuracy: number; readonly milliseconds: number;
      readonly kernels: string;
    }
  | { readonly news: "failure"; readonly message: string };
