#nullable enable
using System;
using UnityEngine;

namespace Polyspan
{
    /// <summary>Hears that a mobile game goes to the background, where it may be ended without another word.</summary>
    [AddComponentMenu("")]
    internal sealed class PolyspanLifecycle : MonoBehaviour
    {
        private static readonly TimeSpan PauseTimeout = TimeSpan.FromMilliseconds(250);

        private static PolyspanLifecycle? instance;

        /// <summary>Unity also reports pauses while it starts; they mean nothing.</summary>
        private bool running;

        internal static void Create()
        {
            if (instance != null || !Application.isPlaying)
            {
                return;
            }

            var holder = new GameObject("polyspan") { hideFlags = HideFlags.HideAndDontSave };
            DontDestroyOnLoad(holder);
            instance = holder.AddComponent<PolyspanLifecycle>();
        }

        private void Update()
        {
            running = true;
            enabled = false;
        }

        private void OnApplicationPause(bool paused)
        {
            if (paused && running)
            {
                PolyspanSdk.Flush(PauseTimeout);
            }
        }
    }
}
