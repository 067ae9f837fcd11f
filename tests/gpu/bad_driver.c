/* A Vulkan layer that does what a bad driver does, at the dispatch or the submission that BAD_DRIVER names:
 *   skip:N  leaves out every dispatch from the N-th on
 *   crash:N ends the process by a wrong address
 *   hang:N  does not return
 *   lose:N  says that the device is lost, at the N-th submission
 *   wrong:1 compiles the cubic term of the approximate GELU, 0.044715, as 0.144715
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vulkan/vk_layer.h>
#include <vulkan/vulkan.h>

#define EXPORT __attribute__((visibility("default")))

static PFN_vkGetInstanceProcAddr next_instance;
static PFN_vkGetDeviceProcAddr next_device;
static PFN_vkCmdDispatch next_dispatch;
static PFN_vkQueueSubmit next_submit;
static PFN_vkCreateShaderModule next_shader;
static int dispatches, submissions;

/* Whether BAD_DRIVER is `what:N` and this is the N-th time, or with `from` a later one. */
static int is_due(const char *what, int count, int from) {
    const char *asked = getenv("BAD_DRIVER");
    size_t length = strlen(what);
    if (!asked || strncmp(asked, what, length) || asked[length] != ':') return 0;
    int due = atoi(asked + length + 1);
    return from ? count >= due : count == due;
}

static void VKAPI_CALL bad_dispatch(VkCommandBuffer buffer, uint32_t x, uint32_t y, uint32_t z) {
    int count = __atomic_add_fetch(&dispatches, 1, __ATOMIC_SEQ_CST);
    if (is_due("skip", count, 1)) return;
    if (is_due("crash", count, 0)) *(volatile int *)8 = 0;
    if (is_due("hang", count, 0)) for (;;) sleep(1);
    next_dispatch(buffer, x, y, z);
}

static VkResult VKAPI_CALL bad_submit(VkQueue queue, uint32_t count, const VkSubmitInfo *infos, VkFence fence) {
    if (is_due("lose", __atomic_add_fetch(&submissions, 1, __ATOMIC_SEQ_CST), 1)) return VK_ERROR_DEVICE_LOST;
    return next_submit(queue, count, infos, fence);
}

static VkResult VKAPI_CALL bad_shader(VkDevice device, const VkShaderModuleCreateInfo *info,
                                      const VkAllocationCallbacks *memory, VkShaderModule *module) {
    VkShaderModuleCreateInfo changed = *info;
    uint32_t *code = malloc(info->codeSize);
    float right = 0.044715f, wrong = 0.144715f;
    memcpy(code, info->pCode, info->codeSize);
    for (size_t i = 0; is_due("wrong", 1, 0) && i < info->codeSize / 4; i++)
        if (!memcmp(code + i, &right, 4)) memcpy(code + i, &wrong, 4);
    changed.pCode = code;
    VkResult result = next_shader(device, &changed, memory, module);
    free(code);
    return result;
}

static VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo *info, const VkAllocationCallbacks *memory,
                                           VkInstance *instance) {
    VkLayerInstanceCreateInfo *link = (VkLayerInstanceCreateInfo *)info->pNext;
    while (link && !(link->sType == VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO && link->function == VK_LAYER_LINK_INFO))
        link = (VkLayerInstanceCreateInfo *)link->pNext;
    if (!link) return VK_ERROR_INITIALIZATION_FAILED;
    next_instance = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    return ((PFN_vkCreateInstance)next_instance(VK_NULL_HANDLE, "vkCreateInstance"))(info, memory, instance);
}

static VkResult VKAPI_CALL create_device(VkPhysicalDevice adapter, const VkDeviceCreateInfo *info,
                                         const VkAllocationCallbacks *memory, VkDevice *device) {
    VkLayerDeviceCreateInfo *link = (VkLayerDeviceCreateInfo *)info->pNext;
    while (link && !(link->sType == VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO && link->function == VK_LAYER_LINK_INFO))
        link = (VkLayerDeviceCreateInfo *)link->pNext;
    if (!link) return VK_ERROR_INITIALIZATION_FAILED;
    PFN_vkGetInstanceProcAddr instance = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    next_device = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    VkResult result = ((PFN_vkCreateDevice)instance(VK_NULL_HANDLE, "vkCreateDevice"))(adapter, info, memory, device);
    if (result == VK_SUCCESS) {
        next_dispatch = (PFN_vkCmdDispatch)next_device(*device, "vkCmdDispatch");
        next_submit = (PFN_vkQueueSubmit)next_device(*device, "vkQueueSubmit");
        next_shader = (PFN_vkCreateShaderModule)next_device(*device, "vkCreateShaderModule");
    }
    return result;
}

EXPORT PFN_vkVoidFunction VKAPI_CALL bad_driver_device(VkDevice device, const char *name) {
    if (!strcmp(name, "vkGetDeviceProcAddr")) return (PFN_vkVoidFunction)bad_driver_device;
    if (!strcmp(name, "vkCmdDispatch")) return (PFN_vkVoidFunction)bad_dispatch;
    if (!strcmp(name, "vkQueueSubmit")) return (PFN_vkVoidFunction)bad_submit;
    if (!strcmp(name, "vkCreateShaderModule")) return (PFN_vkVoidFunction)bad_shader;
    return next_device(device, name);
}

EXPORT PFN_vkVoidFunction VKAPI_CALL bad_driver_instance(VkInstance instance, const char *name) {
    if (!strcmp(name, "vkGetInstanceProcAddr")) return (PFN_vkVoidFunction)bad_driver_instance;
    if (!strcmp(name, "vkCreateInstance")) return (PFN_vkVoidFunction)create_instance;
    if (!strcmp(name, "vkCreateDevice")) return (PFN_vkVoidFunction)create_device;
    if (!strcmp(name, "vkGetDeviceProcAddr")) return (PFN_vkVoidFunction)bad_driver_device;
    return next_instance ? next_instance(instance, name) : NULL;
}
