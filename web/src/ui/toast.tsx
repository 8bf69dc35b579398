// What happened, said where it is seen and heard.
import {
  Button,
  Text,
  UNSTABLE_Toast as ToastBox,
  UNSTABLE_ToastContent as ToastContent,
  UNSTABLE_ToastQueue as ToastQueue,
  UNSTABLE_ToastRegion as ToastRegion,
} from "react-aria-components";

import type { Tone } from "../lib/words";

type Said = { text: string; tone: Tone; link?: { href: string; text: string }; undo?: { text: string; act: () => void } };

const queue = new ToastQueue<Said>({ maxVisibleToasts: 3 });
const SHOWN = 8000; // ms; what has gone wrong stays until it is closed

export function toast(text: string, more: Partial<Omit<Said, "text">> = {}) {
  const tone = more.tone ?? "neutral";
  // The same answer to another try: once, or they would pile up over what people try.
  if (!more.undo) queue.visibleToasts.filter((one) => one.content.text === text && !one.content.undo).forEach((one) => queue.close(one.key));
  queue.add({ ...more, text, tone }, tone === "bad" || tone === "warn" ? {} : { timeout: SHOWN });
}

export function Toasts() {
  return (
    <ToastRegion queue={queue} className="toasts" aria-label="What happened">
      {({ toast: one }) => (
        <ToastBox toast={one} className={`toast tone-${one.content.tone}`}>
          <ToastContent className="toast-text">
            <Text slot="title">{one.content.text}</Text>
            {one.content.link && (
              <a href={one.content.link.href} target="_blank" rel="noreferrer">
                {one.content.link.text}
              </a>
            )}
          </ToastContent>
          {one.content.undo && (
            <Button
              className="button small"
              onPress={() => {
                one.content.undo?.act();
                queue.close(one.key);
              }}
            >
              {one.content.undo.text}
            </Button>
          )}
          <Button slot="close" className="icon-button" aria-label="Close">
            <span aria-hidden>✕</span>
          </Button>
        </ToastBox>
      )}
    </ToastRegion>
  );
}
