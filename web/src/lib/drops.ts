// Files that are dropped beside what takes them: a browser would open them, over the page or in another tab.
import { useEffect } from "react";

type Take = (files: FileList) => void;
const takers: Take[] = []; // the last one is of the page that is shown

const isOurs = (event: DragEvent) => !event.defaultPrevented && event.dataTransfer?.types.includes("Files");
function over(event: DragEvent) {
  if (!isOurs(event)) return;
  event.preventDefault();
  event.dataTransfer!.dropEffect = takers.length > 0 ? "copy" : "none";
}
function drop(event: DragEvent) {
  if (!isOurs(event)) return;
  event.preventDefault();
  takers.at(-1)?.(event.dataTransfer!.files);
}

// For the whole window, once. What takes files itself (a drop zone) keeps its drops from here.
export function useDropGuard() {
  useEffect(() => {
    window.addEventListener("dragover", over);
    window.addEventListener("drop", drop);
    return () => {
      window.removeEventListener("dragover", over);
      window.removeEventListener("drop", drop);
    };
  }, []);
}

// As long as it is shown, files may be dropped anywhere.
export function useDroppedFiles(take: Take) {
  useEffect(() => {
    takers.push(take);
    return () => {
      takers.splice(takers.lastIndexOf(take), 1);
    };
  }, [take]);
}
