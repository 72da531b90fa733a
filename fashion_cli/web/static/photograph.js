/* A chosen file becomes a photograph that can be sent: upright, of a size and a type that the server takes. */

import { settings } from "./texts.js";

const QUALITY = 0.92; // of a JPEG: no visible loss

export class Unreadable extends Error {}

/**
 * What is shown and sent. The box counts in parts of its width and height, so it stays right whatever was scaled.
 * @returns {Promise<{blob: Blob, url: string, width: number, height: number, scaledFrom: ?{width, height}, box: null}>}
 */
export async function readPhotograph(file) {
  const pixels = await decoded(file);
  const { width, height } = pixels; // upright: browsers obey EXIF here
  const share = Math.min(1, settings.limits.side / Math.max(width, height));
  const sendable = file.size <= settings.limits.bytes && settings.limits.types.includes(file.type);
  if (share === 1 && sendable) {
    pixels.close();
    return { blob: file, url: URL.createObjectURL(file), width, height, scaledFrom: null, box: null };
  }
  const size = { width: Math.max(1, Math.round(width * share)), height: Math.max(1, Math.round(height * share)) };
  const blob = await redrawn(pixels, size);
  return { blob, url: URL.createObjectURL(blob), ...size, scaledFrom: share < 1 ? { width, height } : null, box: null };
}

async function decoded(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new Unreadable(file.name);
  }
}

async function redrawn(pixels, { width, height }) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff"; // what shows through where the photograph is transparent, as the server sees it
  pen.fillRect(0, 0, width, height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(pixels, 0, 0, width, height);
  pixels.close();
  return new Promise((resolve) => {
    canvas.toBlob(resolve, "image/jpeg", QUALITY);
  });
}

/** The first photograph among what was dropped or pasted; null where there is none. */
export const fileIn = (transfer) => [...(transfer?.files ?? [])].find((file) => file.type.startsWith("image/")) ?? null;
